//! A minute of every station is the same bits without the instructions only some machines have.

mod minute;

#[test]
fn a_minute_is_the_same_bits_on_any_machine_of_the_kind() {
    assert!(perpetuo_dsp::Instructions::Portable.choose(), "nothing has been rendered yet");
    minute::assert_same_as_ever();
}
