//! Probe, frame index, exact frames, playback, stills.
