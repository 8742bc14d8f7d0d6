"""Pure decisions about patrols: what counts as walking."""

# Faster than a runner: the fix jumped, or the walker rode.
MAX_SPEED_MPS = 4.0
MAX_ACCURACY_M = 50.0
# A pause in the fixes longer than this proves nothing about the way between.
GAP_S = 120.0
# Below the noise of a phone's position, so that the line for maps loses nothing true.
SIMPLIFY_M = 5.0
