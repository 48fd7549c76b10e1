//! Shortest paths that broke a rule, as `make worlds` prints them beside the diary. A mended policy leaves its path somewhere.

use worlds::walk;

// This one is not to be mended: AWS lags there for longer than rule 5 counts on.
#[should_panic(expected = "rule 4: a-16ee56 is paid for twice")]
#[test]
fn looks_lag_for_an_hour_rule_4_a_16ee56_is_paid_for_twice() {
    let path = [
        "0:00:00  Scale (event 0) begins as i0",
        "0:00:00  i0 is admitted",
        "0:00:00  i0 registers",
        "0:00:00  i0 looks: do    buy a-16ee56: 1 model unit of amazon.nova-lite-v1:0:24k, without a term",
        "0:00:00  i0 writes what it is about to do",
        "0:00:00  i0 does buy a-16ee56: 1 model unit of amazon.nova-lite-v1:0:24k, without a term",
        "0:00:00  i0 looks (Missed(2)): wait  for a-16ee56 to be seen again, or to be proven gone",
        "0:00:00  a tick of a begins as i1",
        "0:00:00  i1 reads the record",
        "0:00:00  i0 ends",
        "0:00:00  i1 looks: another invocation works on it",
        "0:00:00  the clock goes on to 0:02:00",
        "0:02:00  a tick of a begins as i2",
        "0:02:00  i2 reads the record",
        "0:02:00  i2 looks (Missed(2)): do    buy a-16ee56: 1 model unit of amazon.nova-lite-v1:0:24k, without a term",
        "0:02:00  i2 writes what it is about to do",
        "0:02:00  i2 does buy a-16ee56: 1 model unit of amazon.nova-lite-v1:0:24k, without a term",
    ];
    assert_eq!(walk("looks lag for an hour", &path).broken, None);
}

// An invocation that may act without the lease, and has nothing to call, has to end.
#[test]
fn a_term_that_is_retired_it_never_settles() {
    let path = [
        "0:00:00  Apply (event 0) begins as i0",
        "0:00:00  i0 is admitted",
        "0:00:00  i0 registers",
        "0:00:00  i0 looks: do    buy a-be7dae: 1 model unit of amazon.nova-lite-v1:0:24k, OneMonth",
        "0:00:00  i0 writes what it is about to do",
        "0:00:00  i0 does buy a-be7dae: 1 model unit of amazon.nova-lite-v1:0:24k, OneMonth",
        "0:00:00  i0 looks: wait  for a-be7dae to be in service",
        "0:00:00  a tick of a begins as i1",
        "0:00:00  i1 reads the record",
        "0:00:00  i0 ends",
        "0:00:00  i1 looks: another invocation works on it",
        "0:00:00  the clock goes on to 0:25:00",
        "0:25:00  a tick of a begins as i2",
        "0:25:00  i2 reads the record",
        "0:25:00  i2 looks: do    route Q4RT7ZB2KW/H2MD9XLV5C version 1 to a-be7dae",
        "0:25:00  i2 writes what it is about to do",
        "0:25:00  i2 does route Q4RT7ZB2KW/H2MD9XLV5C version 1 to a-be7dae",
        "0:25:00  i2 looks: wait  for Q4RT7ZB2KW/H2MD9XLV5C to settle",
        "0:25:00  the clock goes on to 0:25:01",
        "0:25:01  i2 looks: nothing to do",
        "0:25:01  a tick of a begins as i3",
        "0:25:01  i3 reads the record",
        "0:25:01  i2 ends",
        "0:25:01  i3 looks: another invocation works on it",
        "0:25:01  the clock goes on to 2:10:00",
        "2:10:00  a tick of a begins as i4",
        "2:10:00  i4 reads the record",
        "2:10:00  i4 looks: nothing to do",
        "2:10:00  i4 ends",
        "2:10:00  the clock goes on to 2:22:46",
        "2:22:46  a tick of a begins as i5",
        "2:22:46  i5 reads the record",
        "2:22:46  i5 looks: nothing to do",
        "2:22:46  i5 ends",
        "2:22:46  the clock goes on to 2:23:00",
        "2:23:00  a tick of a begins as i6",
        "2:23:00  i6 reads the record",
        "2:23:00  i6 looks: nothing to do",
        "2:23:00  i6 ends",
        "2:23:00  the clock goes on to 2:24:00",
        "2:24:00  a tick of a begins as i7",
        "2:24:00  i7 reads the record",
        "2:24:00  i7 looks: nothing to do",
        "2:24:00  i7 ends",
        "2:24:00  the clock goes on to 2:24:50",
        "2:24:50  a tick of a begins as i8",
        "2:24:50  i8 reads the record",
        "2:24:50  i8 looks: nothing to do",
        "2:24:50  i8 ends",
        "2:24:50  Retire (event 1) begins as i9",
        "2:24:50  i9 is admitted",
        "2:24:50  i9 registers",
        "2:24:50  i9 looks: do    route Q4RT7ZB2KW/H2MD9XLV5C version 1 to on-demand; wait  for the term of a-be7dae to end at 2026-11-16T02:25:00Z; wait  for Q4RT7ZB2KW/H2MD9XLV5C to leave a-be7dae",
        "2:24:50  i9 writes what it is about to do",
        "2:24:50  i9 dies",
        "2:24:50  the clock goes on to 2:25:30",
    ];
    assert_eq!(walk("a term that is retired", &path).broken, None);
}
