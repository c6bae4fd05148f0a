//! Many writers at once lose nothing and double nothing.

use std::collections::BTreeSet;

use latchkey_ledger::Ledger;
use proptest::prelude::*;

use crate::at;

/// Lets each writer append its bodies and says what the stream holds then.
fn race(ledger: &Ledger, writers: usize, each: usize) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..writers)
            .map(|writer| {
                let ledger = ledger.clone();
                tokio::spawn(async move {
                    for n in 0..each {
                        let body = format!("{writer}/{n}");
                        ledger.append_always("cases/race", at(), &body).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        ledger.read_as("cases/race").await.unwrap()
    })
}

fn assert_each_once(found: &[String], writers: usize, each: usize) {
    let wanted: BTreeSet<String> =
        (0..writers).flat_map(|w| (0..each).map(move |n| format!("{w}/{n}"))).collect();
    assert_eq!(found.len(), wanted.len());
    assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>(), wanted);
    for writer in 0..writers {
        let own: Vec<_> =
            found.iter().filter(|body| body.starts_with(&format!("{writer}/"))).collect();
        let in_order: Vec<_> = (0..each).map(|n| format!("{writer}/{n}")).collect();
        assert_eq!(own, in_order.iter().collect::<Vec<_>>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn writers_in_memory_neither_lose_nor_double(writers in 1_usize..12, each in 1_usize..6) {
        assert_each_once(&race(&Ledger::memory(), writers, each), writers, each);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn writers_in_a_directory_neither_lose_nor_double(writers in 1_usize..6, each in 1_usize..4) {
        let directory = tempfile::tempdir().unwrap();
        let ledger = Ledger::directory(directory.path()).unwrap();
        assert_each_once(&race(&ledger, writers, each), writers, each);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_say_a_key_one_is_first() {
    let ledger = Ledger::memory();
    let tasks: Vec<_> = (0..32)
        .map(|n| {
            let ledger = ledger.clone();
            tokio::spawn(async move { ledger.create_once("events/1", at(), &n).await.unwrap() })
        })
        .collect();
    let mut created = 0;
    for task in tasks {
        created += usize::from(task.await.unwrap() == latchkey_ledger::Once::Created);
    }
    assert_eq!(created, 1);
}
