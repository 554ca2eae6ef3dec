//! (car)
