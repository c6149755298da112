"""The benchmark of the review engine against other software. `script/bench` prepares what it needs and starts it."""
