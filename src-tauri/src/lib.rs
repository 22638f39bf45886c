//! The desktop program. Until its window is built it runs the engine without one.
