"""What a person is asked to do at a place by a time: assigned tasks, and look-backs at closed cases."""
