/* exp, GELU, SiLU and ReLU over a dense sample of all floats, and at every index of a vector. */
#include <math.h>
#include <string.h>

#include "contract.h"

typedef void function(float *x, size_t count);

/* Every 9,973rd bit pattern, without NaN. */
#define STEP 9973u

static size_t sample(float *x) {
    size_t count = 0;
    for (uint64_t bits = 0; bits < (uint64_t)1 << 32; bits += STEP) {
        const uint32_t pattern = (uint32_t)bits;
        float value;
        memcpy(&value, &pattern, sizeof value);
        if (!isnan(value)) x[count++] = value;
    }
    return count;
}

/* Checks each result with `check`. */
static void over_all_floats(function *f, void (*check)(double x, float y)) {
    begin_case("all floats");
    float *x = guarded((1ull << 32) / STEP + 1), *y = guarded((1ull << 32) / STEP + 1);
    const size_t count = sample(x);
    memcpy(y, x, count * sizeof *x);
    f(y, count);
    note_bits(y, count);
    for (size_t i = 0; i < count; i++) check(x[i], y[i]);
    end_case();
}

/* Counts around a vector: an element's bits do not depend on its index, on the other elements, or on their number. */
static void at_every_place(function *f) {
    enum { MOST = 50 };
    for (size_t count = 0; count <= MOST; count++)
        for (size_t bad = 0; bad <= count; bad += 5) {
            begin_case("%zu elements, NaN at %zu", count, bad);
            float *x = guarded(MOST), *expected = guarded(MOST);
            fill(x, MOST, 6);
            memcpy(expected, x, MOST * sizeof *x);
            f(expected, MOST);
            float *last = x + MOST - count;
            if (bad < count) last[bad] = NAN;
            f(last, count);
            note_bits(last, count);
            for (size_t i = 0; i < count; i++)
                expect(i == bad ? isnan(last[i]) : same_bits(last + i, expected + MOST - count + i, 1),
                       "element %zu", i);
            end_case();
        }
}

static void check_exp(double x, float y) {
    const double exact = exp(x);
    if (x > 88.38)
        expect(y == INFINITY, "exp(%.9g) = %.9g", x, (double)y);
    else if (x < -87.34)
        expect(y >= 0 && (double)y <= 1.3e-38, "exp(%.9g) = %.9g", x, (double)y);
    else if (x <= 88.37)
        expect_near(y, exact, 1.3 * unit_in_last_place(exact), "exp(%.9g)", x);
}

static void check_gelu(double x, float y) {
    const double exact = exact_gelu(x);
    if (x == -INFINITY || (x > 1e38 && y == INFINITY)) return;
    expect_near(y, exact, gelu_error(x) + unit_in_last_place(exact), "gelu(%.9g)", x);
}

static void check_silu(double x, float y) {
    const double exact = exact_silu(x);
    if (x == -INFINITY || (x > 1e38 && y == INFINITY)) return;
    if (fabs(exact) < 1.5e-36)
        expect(fabs((double)y) <= 1.6e-36, "silu(%.9g) = %.9g", x, (double)y);
    else
        expect_near(y, exact, 2.5 * unit_in_last_place(exact), "silu(%.9g)", x);
}

static void check_relu(double x, float y) { expect_near(y, x > 0 ? x : 0, 0, "relu(%.9g)", x); }

void test_exp(const cai_kernels *kernels) {
    over_all_floats(kernels->exp, check_exp);
    at_every_place(kernels->exp);
}

void test_gelu(const cai_kernels *kernels) {
    over_all_floats(kernels->gelu, check_gelu);
    at_every_place(kernels->gelu);
}

void test_silu(const cai_kernels *kernels) {
    over_all_floats(kernels->silu, check_silu);
    at_every_place(kernels->silu);
}

void test_relu(const cai_kernels *kernels) {
    over_all_floats(kernels->relu, check_relu);
    at_every_place(kernels->relu);
}
