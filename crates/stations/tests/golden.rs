//! A minute of every station is the same bits as ever, with the best instructions this machine has.

mod minute;

#[test]
fn a_minute_is_the_same_bits_as_ever() {
    minute::assert_same_as_ever();
}
