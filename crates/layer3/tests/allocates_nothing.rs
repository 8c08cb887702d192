//! Nothing is allocated after `new`, as long as there is room for the frames.

#![allow(clippy::unwrap_used, reason = "what is wrong here fails the test")]

mod signals;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use perpetuo_layer3::Encoder;
use signals::*;

/// Counts this thread's allocations.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn encoding_and_flushing_allocate_nothing() {
    for (n, config) in [configs(&MPEG1_HZ), configs(&MPEG2_HZ)].concat().into_iter().enumerate() {
        for config in [portable(&config), config] {
            let pcm = medley(n, 1152);
            let mut encoder = Encoder::new(&config).unwrap();
            let block_len = encoder.block_len();
            // 1441 bytes is the longest frame.
            let mut frames = Vec::with_capacity(1441 * 40);
            let before = ALLOCATIONS.get();
            for _ in 0..2 {
                frames.clear();
                for block in blocks(&pcm, block_len) {
                    encoder.encode(&block, &mut frames);
                }
                encoder.flush(&mut frames);
            }
            assert_eq!(ALLOCATIONS.get() - before, 0, "{config:?}");
        }
    }
}

#[test]
fn the_counter_counts() {
    let before = ALLOCATIONS.get();
    drop(vec![1_u8; 100]);
    let mut grown = vec![0_u8; 1];
    grown.extend([0; 100]);
    assert_eq!(ALLOCATIONS.get() - before, 3);
}
