//! Whoever changes the store behind the ledger's back is found out.

use std::sync::Arc;

use latchkey_core::CallError;
use latchkey_ledger::Ledger;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, memory::InMemory, path::Path};
use proptest::prelude::*;

use crate::at;

const STREAM: &str = "people/1042";

#[derive(Debug, Clone)]
enum Tampering {
    /// One byte becomes another.
    Byte { record: prop::sample::Index, place: prop::sample::Index, by: u8 },
    /// The end of a record is cut off.
    Cut { record: prop::sample::Index, place: prop::sample::Index },
    /// A record that is not the newest is removed.
    Remove { record: prop::sample::Index },
    /// Two records change places.
    Swap { one: prop::sample::Index, other: prop::sample::Index },
    /// The record of another stream takes a record's place.
    Transplant { record: prop::sample::Index },
    /// A record is repeated at the end.
    Repeat { record: prop::sample::Index },
    /// Something that is no record appears.
    Foreign,
}

fn tampering() -> impl Strategy<Value = Tampering> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        8 => (index(), index(), 1_u8..).prop_map(|(record, place, by)| Tampering::Byte { record, place, by }),
        1 => (index(), index()).prop_map(|(record, place)| Tampering::Cut { record, place }),
        1 => index().prop_map(|record| Tampering::Remove { record }),
        1 => (index(), index()).prop_map(|(one, other)| Tampering::Swap { one, other }),
        1 => index().prop_map(|record| Tampering::Transplant { record }),
        1 => index().prop_map(|record| Tampering::Repeat { record }),
        1 => Just(Tampering::Foreign),
    ]
}

fn object(stream: &str, sequence: usize) -> Path {
    Path::from(format!("{stream}/{sequence:010}.json"))
}

struct Bench {
    store: Arc<InMemory>,
    ledger: Ledger,
    records: usize,
}

impl Bench {
    async fn with(records: usize) -> Self {
        let store = Arc::new(InMemory::new());
        let ledger = Ledger::on(Arc::clone(&store) as Arc<dyn ObjectStore>);
        for n in 0..records {
            for stream in [STREAM, "people/2000"] {
                ledger.append_always(stream, at(), &format!("fact {n}")).await.unwrap();
            }
        }
        Self { store, ledger, records }
    }

    async fn bytes(&self, stream: &str, sequence: usize) -> Vec<u8> {
        let found = self.store.get(&object(stream, sequence)).await.unwrap();
        found.bytes().await.unwrap().to_vec()
    }

    async fn put(&self, sequence: usize, bytes: Vec<u8>) {
        self.store.put(&object(STREAM, sequence), PutPayload::from(bytes)).await.unwrap();
    }

    /// Does it, and says whether anything is different now.
    async fn tamper(&self, how: &Tampering) -> bool {
        match how {
            Tampering::Byte { record, place, by } => {
                let record = record.index(self.records);
                let mut bytes = self.bytes(STREAM, record).await;
                let place = place.index(bytes.len());
                bytes[place] ^= by;
                self.put(record, bytes).await;
            }
            Tampering::Cut { record, place } => {
                let record = record.index(self.records);
                let mut bytes = self.bytes(STREAM, record).await;
                bytes.truncate(place.index(bytes.len()));
                self.put(record, bytes).await;
            }
            Tampering::Remove { record } => {
                if self.records == 1 {
                    return false;
                }
                let record = record.index(self.records - 1);
                self.store.delete(&object(STREAM, record)).await.unwrap();
            }
            Tampering::Swap { one, other } => {
                let (one, other) = (one.index(self.records), other.index(self.records));
                let (first, second) =
                    (self.bytes(STREAM, one).await, self.bytes(STREAM, other).await);
                self.put(one, second).await;
                self.put(other, first).await;
                return one != other;
            }
            Tampering::Transplant { record } => {
                let record = record.index(self.records);
                let bytes = self.bytes("people/2000", record).await;
                self.put(record, bytes).await;
            }
            Tampering::Repeat { record } => {
                let bytes = self.bytes(STREAM, record.index(self.records)).await;
                self.put(self.records, bytes).await;
            }
            Tampering::Foreign => {
                let path = Path::from(format!("{STREAM}/note.json"));
                self.store.put(&path, "{}".into()).await.unwrap();
            }
        }
        true
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn tampering_in_any_place_is_found(records in 1_usize..12, how in tampering()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::with(records).await;
            let changed = bench.tamper(&how).await;
            let read = bench.ledger.read(STREAM).await;
            prop_assert_eq!(changed, matches!(read, Err(CallError::Surprise { .. })), "{:?}", read);
            prop_assert_eq!(bench.ledger.verify("people/2000").await.unwrap(), records as u64);
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn the_broken_record_is_named() {
    let bench = Bench::with(5).await;
    bench.put(3, b"{}".to_vec()).await;
    let broken = bench.ledger.read(STREAM).await.unwrap_err().to_string();
    assert!(broken.contains("0000000003") && broken.contains(STREAM), "{broken}");
}

#[tokio::test]
async fn nothing_is_appended_to_a_broken_stream() {
    let bench = Bench::with(3).await;
    bench.put(0, b"{}".to_vec()).await;
    let refused = bench.ledger.append_always(STREAM, at(), "more").await;
    assert!(matches!(refused, Err(CallError::Surprise { .. })), "{refused:?}");
}
