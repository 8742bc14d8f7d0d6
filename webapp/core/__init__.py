"""The ground floor of the work: settings, database, events, queue, security; it knows no word of policing."""
