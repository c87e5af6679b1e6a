/* Zeros of both signs, subnormal and very large numbers, infinities and NaN in every operand, for the bits alone: they
 * have to be the same on every instruction set. */
#include <math.h>

#include "contract.h"
#include "product.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* The kinds of numbers of a case: one bit each, beside usual numbers. */
enum { ZEROS = 1, SUBNORMAL = 2, TINY = 4, LARGE = 8, INFINITE = 16, NOT_A_NUMBER = 32, ALL = 63 };

/* A number of one of the chosen kinds, or a usual one three times out of four. */
static float unusual(unsigned kinds) {
    const float usual = noise();
    const unsigned kind = 1u << (unsigned)((noise() + 1) * 12), negative = noise() < 0;
    float x = usual;
    switch (kind & kinds) {
    case ZEROS: x = 0; break;
    case SUBNORMAL: x = usual * 0x1p-127f; break;
    case TINY: x = usual * 0x1p-80f; break;
    case LARGE: x = usual * 0x1p100f; break;
    case INFINITE: x = INFINITY; break;
    case NOT_A_NUMBER: x = NAN; break;
    default: return usual;
    }
    return negative ? -x : x;
}

static float *numbers(size_t count, unsigned kinds) {
    float *x = guarded(count);
    for (size_t i = 0; i < count; i++) x[i] = unusual(kinds);
    return x;
}

static const size_t widths[] = {1, 3, 4, 5, 8, 9, 12, 15, 16, 17, 20, 24, 28, 31, 32, 33, 40, 47, 48, 49, 100};

static void rows_of(const cai_kernels *kernels, size_t width, unsigned kinds) {
    enum { ROWS = 5 };
    begin_case("rows of %zu, kinds %u", width, kinds);
    float *x = numbers(ROWS * width, kinds), *gamma = numbers(width, kinds), *beta = numbers(width, kinds);
    float *out = guarded(ROWS * width), *mean = guarded(width), *narrow = guarded(ROWS * 3);
    kernels->layer_norm(x, gamma, beta, 1e-6f, out, ROWS, width);
    note_bits(out, ROWS * width);
    kernels->mean_rows(x, mean, ROWS, width);
    note_bits(mean, width);
    kernels->narrow_linear(x, x, beta, narrow, ROWS, width / 3, width < 3 ? 1 : 3, 3);
    for (size_t r = 0; r < ROWS; r++) note_bits(narrow + r * 3, width < 3 ? 1 : 3);
    void (*const functions[])(float *, size_t) = {kernels->gelu, kernels->silu, kernels->relu, kernels->exp};
    for (size_t f = 0; f < COUNT(functions); f++) {
        for (size_t i = 0; i < ROWS * width; i++) out[i] = x[i] * (f == 2 ? 1 : 100);
        functions[f](out, ROWS * width);
        note_bits(out, ROWS * width);
    }
    kernels->add(x, out, ROWS * width);
    note_bits(out, ROWS * width);
    end_case();
}

static void maps_of(const cai_kernels *kernels, size_t channels, unsigned kinds) {
    enum { SIDE = 5 };
    begin_case("maps of %zu channels, kinds %u", channels, kinds);
    float *x = numbers(SIDE * SIDE * channels, kinds), *out = guarded(SIDE * SIDE * channels);
    kernels->max_pool_3(x, out, SIDE, SIDE, channels);
    note_bits(out, SIDE * SIDE * channels);
    kernels->average_pool_2(x, out, SIDE, SIDE, channels);
    note_bits(out, SIDE / 2 * (SIDE / 2) * channels);
    end_case();
}

static void products_of(const cai_kernels *kernels, size_t columns, size_t inputs, unsigned kinds) {
    static const cai_epilogue epilogues[] = {CAI_STORE, CAI_RELU, CAI_GELU, CAI_SILU, CAI_ADD};
    begin_case("11 x %zu, K = %zu, kinds %u", columns, inputs, kinds);
    const product p = make_product(STRIDED, 11, columns, 1, inputs);
    for (size_t i = 0; i < 11; i++)
        for (size_t k = 0; k < inputs; k++) *product_a(&p, i, k) = unusual(i % 3 == 0 ? kinds : kinds & 15);
    for (size_t k = 0; k < inputs; k++)
        for (size_t j = 0; j < columns; j++) *product_b(&p, k, j) = unusual(j % 5 == 0 ? kinds : kinds & 7);
    for (size_t e = 0; e < COUNT(epilogues); e++) run_product(kernels, &p, epilogues[e], 0, 11);
    end_case();
}

static void sequences_of(const cai_kernels *kernels, size_t tokens, size_t dim, unsigned kinds) {
    begin_case("%zu tokens of %zu, kinds %u", tokens, dim, kinds);
    const size_t floats = 2 * tokens * dim;
    cai_attention call = {.count = 1, .tokens = tokens, .heads = 2, .dim = dim, .scale = 3, .out = guarded(floats)};
    float *qkv = numbers(3 * floats, kinds & 15);
    /* One query, key and value of the first head. */
    qkv[tokens / 2 * 6 * dim] = unusual(kinds);
    qkv[tokens / 3 * 6 * dim + 2 * dim] = unusual(kinds);
    qkv[tokens / 4 * 6 * dim + 4 * dim + dim - 1] = unusual(kinds);
    call.qkv = qkv;
    call.scratch = guarded(cai_attention_scratch(tokens, dim));
    kernels->attention(&call);
    note_bits(call.out, floats);
    end_case();
}

static void quads_of(const cai_kernels *kernels, size_t rows, size_t hidden, unsigned kinds) {
    enum { GROUPS = 2 * CAI_PANEL, WIDTH = GROUPS * CAI_QUAD };
    begin_case("%zu rows of quads, %zu hidden, kinds %u", rows, hidden, kinds);
    int32_t *starts = guarded_offsets(rows);
    for (size_t r = 0; r < rows; r++) starts[r] = (int32_t)(r * WIDTH);
    const cai_quad_convolution call = {
        rows, GROUPS, hidden, numbers(rows * WIDTH, kinds), starts, numbers(hidden * WIDTH, kinds & 15),
        numbers(hidden * GROUPS, kinds), numbers(hidden * WIDTH, kinds & 15), numbers(WIDTH, kinds),
        guarded(rows * WIDTH),
    };
    kernels->quad_convolution(&call);
    note_bits(call.out, rows * WIDTH);
    end_case();
}

void test_unusual_values(const cai_kernels *kernels) {
    static const unsigned kinds[] = {ZEROS, SUBNORMAL, TINY, ZEROS | SUBNORMAL | TINY, LARGE, INFINITE, NOT_A_NUMBER,
                                     ALL & ~NOT_A_NUMBER, ALL};
    static const size_t tokens[] = {1, 2, 5, 7, 8, 9, 12, 13, 16, 17, 20, 25, 33, 40, 41, 65};
    for (size_t k = 0; k < COUNT(kinds); k++) {
        for (size_t w = 0; w < COUNT(widths); w++) {
            rows_of(kernels, widths[w], kinds[k]);
            maps_of(kernels, widths[w], kinds[k]);
            products_of(kernels, widths[w], 1, kinds[k]);
            products_of(kernels, widths[w], 37, kinds[k]);
        }
        products_of(kernels, 17, CAI_GEMM_PART + 1, kinds[k]);
        for (size_t t = 0; t < COUNT(tokens); t++)
            for (size_t dim = 1; dim <= 33; dim += 8) sequences_of(kernels, tokens[t], dim, kinds[k]);
        for (size_t rows = 1; rows <= 3; rows++) quads_of(kernels, rows, 5 * rows, kinds[k]);
    }
}
