"""What the machine has to do, for who keeps it running: jobs that wait, run, or were given up."""
