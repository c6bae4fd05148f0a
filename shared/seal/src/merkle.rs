//! The Merkle tree of RFC 6962, section 2.1, over leaves that come one after the other.
//!
//! Our own lines, because the crates that know this hashing keep all leaves in memory; this keeps
//! one hash for each level of the tree.

use sha2::{Digest, Sha256};

type Hash = [u8; 32];

/// A tree to which leaves are appended.
#[derive(Debug, Clone, Default)]
pub struct Merkle {
    /// Complete subtrees from left to right with the number of their leaves, each smaller than the
    /// one before it.
    complete: Vec<(u64, Hash)>,
}

impl Merkle {
    /// Appends a leaf.
    pub fn push(&mut self, leaf: &[u8]) {
        let mut right = (1, hash(0, &[leaf]));
        while let Some(&(size, left)) = self.complete.last().filter(|(size, _)| *size == right.0) {
            self.complete.pop();
            right = (2 * size, hash(1, &[&left, &right.1]));
        }
        self.complete.push(right);
    }

    /// The root over all leaves so far, in hex.
    pub fn root(&self) -> String {
        let trees = self.complete.iter().rev().map(|(_, tree)| *tree);
        let root = trees.reduce(|right, left| hash(1, &[&left, &right]));
        hex::encode(root.unwrap_or_else(|| Sha256::digest(b"").into()))
    }
}

/// A leaf begins with 0 and a node with 1, so that neither can pass for the other.
fn hash(kind: u8, parts: &[&[u8]]) -> Hash {
    let mut hash = Sha256::new_with_prefix([kind]);
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trees_of_certificate_transparency_have_their_roots() {
        // Leaves and roots of the reference tests of RFC 6962's authors.
        let leaves = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Merkle::default();
        assert_eq!(tree.root(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for (leaf, root) in leaves.iter().zip(roots) {
            tree.push(&hex::decode(leaf).unwrap());
            assert_eq!(tree.root(), root);
        }
    }

    #[test]
    fn many_leaves_are_kept_as_one_hash_a_level() {
        let mut tree = Merkle::default();
        (0..100_000_u32).for_each(|n| tree.push(&n.to_be_bytes()));
        assert!(tree.complete.len() <= 17);
    }
}
