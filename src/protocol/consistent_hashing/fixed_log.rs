//! A binary logarithm in integers.
//!
//! Weighted rendezvous compares logarithms, and the `ln` of a platform's mathematical library may differ in the
//! last bit between native targets and wasm; one bit can decide an owner. Here every step is an integer
//! operation, so the answer is the same everywhere. The error is below 2⁻⁴⁵, far below what a weight can show.

/// The fractional bits of a result.
pub(super) const FRACTION_BITS: u32 = 56;

/// log₂ e with 63 fractional bits.
const LOG2_E: u64 = 0xb8aa_3b29_5c17_f0bb;

/// `−log₂(k / 512)` for k from 257 to 512, with [`FRACTION_BITS`] fractional bits.
static MINUS_LOG2: [u64; 256] = minus_log2_table();

/// The table is computed when the crate is compiled, digit by digit: squaring doubles a logarithm, and each
/// time the square reaches two, the next binary digit is one.
#[allow(clippy::indexing_slicing)] // Evaluated by the compiler, which refuses an index out of bounds.
const fn minus_log2_table() -> [u64; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 255 {
        // (257 + index) / 256, from 1 to 2, with 63 fractional bits.
        let mut value = (257 + index as u128) << 55;
        let mut log2 = 0;
        let mut digit = 0;
        while digit < FRACTION_BITS {
            value = (value * value) >> 63;
            log2 <<= 1;
            if value >= 1 << 64 {
                value >>= 1;
                log2 |= 1;
            }
            digit += 1;
        }
        table[index] = (1 << FRACTION_BITS) - log2;
        index += 1;
    }
    table
}

/// The product of two numbers with 63 fractional bits.
const fn times(a: u64, b: u64) -> u64 {
    ((a as u128 * b as u128) >> 63) as u64
}

/// `−log₂(hash / 2⁶⁴)` with [`FRACTION_BITS`] fractional bits, from 0 to 64. A hash of zero counts as one.
///
/// The hash is written as 2⁻ᶻ · c · (1 − r): z leading zeros, c the upper end of one of 256 intervals from
/// one half to one, and r below 1/256, whose logarithm is five terms of its series. Taking the upper end
/// keeps the result exact to a relative 2⁻³⁵ or so close to a hash of 2⁶⁴, where it goes to zero.
pub(super) fn minus_log2(hash: u64) -> u64 {
    let hash = hash.max(1);
    let zeros = hash.leading_zeros();
    let mantissa = hash << zeros;
    let interval = (mantissa >> 55) & 0xff;
    let upper = 257 + interval;
    let gap = ((u128::from(upper) << 55) - u128::from(mantissa)) as u64;
    let r = (gap << 8) / upper;
    // 1 + r/2 + r²/3 + r³/4 + r⁴/5 with 63 fractional bits, from the inside out.
    let one = 1 << 63;
    let mut series = one / 5;
    for divisor in [4, 3, 2, 1] {
        series = one / divisor + times(r, series);
    }
    let tail = times(times(r, series), LOG2_E) >> (63 - FRACTION_BITS);
    let table = MINUS_LOG2.get(interval as usize).copied().unwrap_or_default();
    (u64::from(zeros) << FRACTION_BITS) + table + tail
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn as_float(fixed: u64) -> f64 {
        fixed as f64 / (1_u64 << FRACTION_BITS) as f64
    }

    /// The unit in which the results are compared: 2⁻⁴⁸.
    const TOLERANCE: u64 = 1 << (FRACTION_BITS - 48);

    #[test]
    fn a_power_of_two_counts_its_zeros() {
        for exponent in 0..64 {
            assert!(minus_log2(1 << exponent).abs_diff((64 - exponent) << FRACTION_BITS) < TOLERANCE);
        }
    }

    #[test]
    fn the_greatest_hash_costs_nothing_and_zero_counts_as_one() {
        assert_eq!(minus_log2(u64::MAX), 0);
        assert_eq!(minus_log2(0), minus_log2(1));
    }

    /// Weighted rendezvous needs more hash to mean less cost, also from one interval to the next.
    #[test]
    fn the_logarithm_falls_from_one_interval_to_the_next() {
        for boundary in (1..256).map(|interval| (256 + interval) << 55) {
            assert!(minus_log2(boundary - (1 << 20)) > minus_log2(boundary));
            assert!(minus_log2(boundary) > minus_log2(boundary + (1 << 20)));
        }
    }

    proptest! {
        /// The library's logarithm has an error of about 2⁻⁵² of its result, at most 64.
        #[test]
        fn agrees_with_the_logarithm_of_the_platform(hash in 1_u64.., shift in 0_u32..64) {
            let hash = (hash >> shift).max(1);
            let expected = -(hash as f64 / 2_f64.powi(64)).log2();
            prop_assert!((as_float(minus_log2(hash)) - expected).abs() < 3e-14_f64.max(expected * 1e-15));
        }

        /// Close to a hash of 2⁶⁴ the result is small, and its relative error has to stay small, because the
        /// winners of a large pool all lie there.
        #[test]
        fn small_results_are_relatively_exact(below in 1_u64..1 << 56) {
            let hash = 0_u64.wrapping_sub(below);
            let expected = -(-(below as f64 / 2_f64.powi(64))).ln_1p() / std::f64::consts::LN_2;
            let error = (as_float(minus_log2(hash)) - expected).abs();
            prop_assert!(error < 2_f64.powi(-54) + expected * 1e-11, "{error} of {expected}");
        }
    }
}
