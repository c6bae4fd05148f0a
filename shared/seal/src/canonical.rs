//! One text for one value: the JSON Canonicalization Scheme of RFC 8785.

use serde::Serialize;

/// The bytes that a signature is made over: keys in order, numbers and strings written in the one
/// way that RFC 8785 leaves.
///
/// # Errors
/// When the value has no JSON: a map with keys that are no text, or a number that is none.
pub fn canonical<T: Serialize>(value: &T) -> serde_json::Result<Vec<u8>> {
    serde_json_canonicalizer::to_vec(value)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::canonical;

    fn text(json: &str) -> String {
        let value: Value = serde_json::from_str(json).unwrap();
        String::from_utf8(canonical(&value).unwrap()).unwrap()
    }

    #[test]
    fn the_example_of_the_rfc_has_the_bytes_that_the_rfc_prints() {
        // RFC 8785, 3.2.2 and 3.2.4.
        let input = r#"{
            "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]
        }"#;
        let expected = "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273\
             223a5b3333333333333333332e333333333333332c31652b33302c342e352c302e3030322c316\
             52d32375d2c22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c5c5c22\
             2f227d";
        assert_eq!(hex::encode(text(input)), expected);
    }

    #[test]
    fn keys_are_ordered_as_utf_16() {
        // RFC 8785, 3.2.3: an emoji comes before U+FB33 because its first surrogate does.
        let input = r#"{"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\ud83d\ude00": 5, "\u0080": 6,
                        "\u00f6": 7}"#;
        let ordered = "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}";
        assert_eq!(text(input), ordered);
    }

    #[test]
    fn numbers_are_written_as_ecmascript_writes_them() {
        // RFC 8785, appendix B.
        let samples = [
            (0x0000_0000_0000_0000_u64, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
        ];
        for (bits, expected) in samples {
            let written = canonical(&f64::from_bits(bits)).unwrap();
            assert_eq!(String::from_utf8(written).unwrap(), expected);
        }
    }
}
