//! Whatever stops `up` or `down`, the next `up` goes on and a `down` leaves nothing.
