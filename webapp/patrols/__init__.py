"""Who walked where: patrols, their tracks and the ground that they covered."""
