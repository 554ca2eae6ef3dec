//! (walk)
