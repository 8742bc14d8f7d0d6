"""The ground and who answers for it: grids, police grids, plans and postings."""
