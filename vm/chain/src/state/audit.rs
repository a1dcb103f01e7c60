//! Recomputes everything from the flat tables.
