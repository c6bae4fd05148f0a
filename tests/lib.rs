//! Integration tests of Latchkey live in it/.
