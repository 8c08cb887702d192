//! What the C library's allocator is told, so that memory goes back to the system when streams rest.
//!
//! A stream that rests leaves little behind, but in the midst of what it lets go of. So delay lines and encoders
//! are had from the system and given back to it one by one, apart from what is small, and what is free among
//! the small is given back now and then. Where the C library is not GNU's, nothing is told.
//!
//! Source: the GNU C library's manual, 3.2.3.6 (`mallopt`) and `malloc_trim(3)`.

/// Sets it up; to be called before threads are.
pub(crate) fn set_up() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    gnu::set_up();
}

/// Gives back what is free; takes some ms in 100 MiB.
pub(crate) fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    gnu::give_back();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod gnu {
    use std::ffi::c_int;

    /// Allocations of so many bytes or more are mapped each by itself: above what a connection's buffers
    /// take, 8 KiB, and below an encoder, 11 KiB.
    const MAPPED_FROM: c_int = 10 * 1024;

    unsafe extern "C" {
        fn mallopt(param: c_int, value: c_int) -> c_int;
        fn malloc_trim(pad: usize) -> c_int;
    }

    pub(super) fn set_up() {
        const M_MMAP_THRESHOLD: c_int = -3;
        const M_MMAP_MAX: c_int = -4;
        // SAFETY: any value is allowed at any time.
        unsafe { mallopt(M_MMAP_THRESHOLD, MAPPED_FROM) };
        // SAFETY: as above. Where the system grants no more mappings, the heap is used.
        unsafe { mallopt(M_MMAP_MAX, c_int::MAX) };
    }

    pub(super) fn give_back() {
        // SAFETY: it locks what it touches.
        unsafe { malloc_trim(0) };
    }
}
