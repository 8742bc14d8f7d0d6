"""Windows on the work: layers, features, live news and the officer's Folium map."""
