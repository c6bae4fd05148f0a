//! First passwords that nobody ever sees.

use rand::seq::{IndexedRandom, SliceRandom};

const CLASSES: [&[u8]; 4] =
    [b"ABCDEFGHJKLMNPQRSTUVWXYZ", b"abcdefghijkmnopqrstuvwxyz", b"23456789", b"!#$%&*+-=?@_"];

/// 48 characters of the process's random generator, some of each of the four classes that Entra's
/// complexity rule knows.
pub(super) fn password() -> String {
    let mut rng = rand::rng();
    let mut bytes: Vec<u8> =
        (0..48).filter_map(|n| CLASSES[n % CLASSES.len()].choose(&mut rng).copied()).collect();
    bytes.shuffle(&mut rng);
    bytes.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_mixed_and_never_the_same() {
        let one = password();
        assert_eq!(one.len(), 48);
        for class in CLASSES {
            assert!(one.bytes().filter(|b| class.contains(b)).count() == 12);
        }
        assert_ne!(one, password());
    }
}
