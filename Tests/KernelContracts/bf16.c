/* bfloat16: rounding of every kind of number, and the matrix product bit by bit against its definition. */
#include <math.h>
#include <string.h>

#include "contract.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define SMALLEST_NORMAL 0x1p-126

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float widened(uint16_t x) { return float_of((uint32_t)x << 16); }

/* The number at `bits`; 2^128 in place of infinity, as rounding has it. */
static double value_of(uint32_t bits) {
    const float x = float_of(bits);
    return isinf(x) ? copysign(0x1p128, x) : (double)x;
}

/* The nearer of the two bfloat16 around x, the even one if both are as near. */
static uint16_t exact_bf16(float x) {
    const uint32_t bits = bits_of(x), below = bits & 0xffff0000u, above = below + 0x10000u;
    if (isnan(x)) return (uint16_t)(bits >> 16 | 0x40);
    if (isinf(x)) return (uint16_t)(bits >> 16);
    if (fabsf(x) < (float)SMALLEST_NORMAL) return (uint16_t)(bits >> 16 & 0x8000u);
    const double down = fabs((double)x - value_of(below)), up = fabs(value_of(above) - (double)x);
    const bool is_below = down < up || (down == up && (below >> 16 & 1) == 0);
    return (uint16_t)((is_below ? below : above) >> 16);
}

static size_t words(size_t count) { return CAI_PAIRS(count); }

static uint16_t element(const float *row, size_t index) {
    uint16_t x;
    memcpy(&x, (const char *)row + index * sizeof x, sizeof x);
    return x;
}

static void set_element(float *row, size_t index, uint16_t x) { memcpy((char *)row + index * sizeof x, &x, sizeof x); }

static void round_rows(const cai_kernels *kernels, size_t rows, size_t width, bool in_place) {
    begin_case("%zu x %zu%s", rows, width, in_place ? " in place" : "");
    float *x = guarded(rows * width), *copy = guarded(rows * width);
    float *out = in_place ? x : guarded(rows * words(width));
    fill(x, rows * width, 100);
    memcpy(copy, x, rows * width * sizeof *x);
    kernels->round_bf16(x, out, rows, width);
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < 2 * words(width); i++) {
            const uint16_t exact = i < width ? exact_bf16(copy[r * width + i]) : 0;
            expect(element(out + r * words(width), i) == exact, "row %zu, element %zu", r, i);
        }
    end_case();
}

void test_round_bf16(const cai_kernels *kernels) {
    static const uint32_t lower[] = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff};
    for (size_t l = 0; l < COUNT(lower); l++) {
        begin_case("upper halves with %x below", (unsigned)lower[l]);
        const size_t count = 1 << 16;
        float *x = guarded(count), *out = guarded(count / 2);
        for (size_t i = 0; i < count; i++) x[i] = float_of((uint32_t)i << 16 | lower[l]);
        kernels->round_bf16(x, out, 1, count);
        for (size_t i = 0; i < count; i++)
            expect(element(out, i) == exact_bf16(x[i]), "%x became %x, expected %x", (unsigned)bits_of(x[i]),
                   element(out, i), exact_bf16(x[i]));
        end_case();
    }
    for (size_t width = 0; width <= 35; width++)
        for (size_t rows = 0; rows <= 3; rows++) {
            round_rows(kernels, rows, width, false);
            round_rows(kernels, rows, width, true);
        }
}

/* A x B with A [rows, K] and B [K, columns] in bfloat16, K = 2 pairs or one less. */
typedef struct {
    size_t rows, columns, inputs;
    float *a, *panels, *bias, *c, *initial;
    bool rounds_to_odd; /* BFMMLA's definition */
} product_bf16;

static const cai_epilogue epilogues[] = {CAI_STORE, CAI_RELU, CAI_GELU, CAI_SILU, CAI_ADD, CAI_GELU_BF16};
static const char *const epilogue_names[] = {"store", "relu", "gelu", "silu", "add", "gelu to bfloat16"};

static float *row_of_a(const product_bf16 *p, size_t row) { return p->a + row * words(p->inputs); }

static float *pairs_of_b(const product_bf16 *p, size_t pair, size_t column) {
    return p->panels + (column / CAI_PANEL * words(p->inputs) + pair) * CAI_PANEL + column % CAI_PANEL;
}

/* Zero if either operand is subnormal; the double is exact otherwise. */
static double factor(uint16_t x) { return (x & 0x7f80) == 0 ? copysign(0, widened(x)) : (double)widened(x); }

/* Rounds once to float32. Sums of floats and products of bfloat16 are so near to exact in float64 that this is their
 * rounding; below the smallest normal number, rounded as if exponents had no end, there is zero. */
static float rounded(double x) {
    if (fabs(x) < SMALLEST_NORMAL - 0x1p-151) return (float)copysign(0, x);
    return (float)x;
}

/* x + y to float32 by rounding to odd, as BFMMLA: exact, or the nearer to zero of its neighbours with the last bit set. */
static float sum_to_odd(double x, double y) {
    const double sum = x + y, part = sum - x;
    const double error = (x - (sum - part)) + (y - part); /* the exact sum is sum + error (Knuth's TwoSum) */
    if (!isfinite(sum)) return (float)sum;
    if (fabs(sum) < SMALLEST_NORMAL) return (float)copysign(0, sum);
    float found = (float)sum;
    if (isinf(found) && fabs(sum) < 0x1p128) found = copysignf(0x1.fffffep127f, found);
    if (isinf(found) || ((double)found == sum && error == 0)) return found;
    const bool is_beyond = (double)found == sum ? (error < 0) != (sum < 0) : fabs((double)found) > fabs(sum);
    return float_of((bits_of(found) - is_beyond) | 1);
}

static float chain_to_odd(const product_bf16 *p, size_t row, size_t column, size_t first, size_t end) {
    float sum = 0;
    for (size_t pair = first; pair < end; pair++) {
        float terms[2];
        for (size_t half = 0; half < 2; half++)
            terms[half] = sum_to_odd(
                factor(element(row_of_a(p, row) + pair, half)) * factor(element(pairs_of_b(p, pair, column), half)), 0);
        sum = sum_to_odd((double)sum, (double)sum_to_odd((double)terms[0], (double)terms[1]));
    }
    return sum;
}

static float chain(const product_bf16 *p, size_t row, size_t column, size_t first, size_t end) {
    float sum = 0;
    if (p->rounds_to_odd) return chain_to_odd(p, row, column, first, end);
    for (size_t pair = first; pair < end; pair++)
        for (size_t half = 2; half-- > 0;) {
            const double a = factor(element(row_of_a(p, row) + pair, half));
            const double b = factor(element(pairs_of_b(p, pair, column), half));
            sum = rounded((double)sum + a * b);
        }
    return sum;
}

/* The definition, but for GELU and SILU. */
static float defined(const product_bf16 *p, size_t row, size_t column, cai_epilogue epilogue) {
    const size_t pairs = words(p->inputs);
    const bool divides = epilogue != CAI_ADD && epilogue != CAI_GELU_BF16;
    const size_t parts = divides && pairs > CAI_GEMM_PART ? (pairs + CAI_GEMM_PART - 1) / CAI_GEMM_PART : 1;
    float sum = 0;
    size_t first = 0;
    for (size_t part = 0; part < parts; part++) {
        const size_t length = (pairs - first) / (parts - part);
        const float next = chain(p, row, column, first, first + length);
        sum = part == 0 ? next : rounded((double)sum + (double)next);
        first += length;
    }
    sum = rounded((double)sum + (double)p->bias[column]);
    if (epilogue == CAI_RELU && sum < 0) return 0;
    if (epilogue == CAI_ADD) return rounded((double)sum + (double)p->initial[row * p->columns + column]);
    return sum;
}

/* Numbers of `octaves` powers of two around 1; with many, products overflow and underflow. */
static uint16_t random_bf16(int octaves) {
    const int exponent = (int)(noise() * (float)octaves);
    return exact_bf16(ldexpf(noise(), exponent));
}

static product_bf16 make(const cai_kernels *kernels, size_t rows, size_t columns, size_t inputs, int octaves) {
    product_bf16 p = {.rows = rows, .columns = columns, .inputs = inputs};
    p.rounds_to_odd = kernels->bf16 == CAI_BF16_MMLA;
    const size_t padded = (columns + CAI_PANEL - 1) / CAI_PANEL * CAI_PANEL, pairs = words(inputs);
    p.a = guarded(rows * pairs);
    p.panels = guarded(pairs * padded);
    p.bias = guarded(padded);
    p.c = guarded(rows * columns);
    p.initial = guarded(rows * columns);
    memset(p.a, 0, rows * pairs * sizeof(float));
    memset(p.panels, 0, pairs * padded * sizeof(float));
    memset(p.bias, 0, padded * sizeof(float));
    for (size_t i = 0; i < rows; i++)
        for (size_t k = 0; k < inputs; k++) set_element(row_of_a(&p, i), k, random_bf16(octaves));
    for (size_t k = 0; k < inputs; k++)
        for (size_t j = 0; j < columns; j++) set_element(pairs_of_b(&p, k / 2, j), k % 2, random_bf16(octaves));
    fill(p.bias, columns, 1);
    fill(p.initial, rows * columns, 1);
    return p;
}

static void run(const cai_kernels *kernels, const product_bf16 *p, cai_epilogue epilogue, size_t first, size_t count) {
    const size_t stride = epilogue == CAI_GELU_BF16 ? words(p->columns) : p->columns;
    memcpy(p->c, p->initial, p->rows * p->columns * sizeof(float));
    const cai_gemm call = {
        .rows = count,
        .columns = p->columns,
        .runs = 1,
        .run = words(p->inputs),
        .a = row_of_a(p, first),
        .lda = words(p->inputs),
        .panels = p->panels,
        .bias = p->bias,
        .c = p->c + first * stride,
        .ldc = stride,
        .epilogue = epilogue,
    };
    kernels->gemm_bf16(&call);
}

static bool same(float a, float b) { return isnan(a) ? isnan(b) : bits_of(a) == bits_of(b); }

/* One epilogue. Those with functions are compared with the table's own function of the defined sum. */
static void compare(const cai_kernels *kernels, const product_bf16 *p, cai_epilogue epilogue, const char *name) {
    begin_case("%zu x %zu, K = %zu, %s", p->rows, p->columns, p->inputs, name);
    run(kernels, p, epilogue, 0, p->rows);
    for (size_t i = 0; i < p->rows; i++)
        for (size_t j = 0; j < p->columns; j++) {
            float expected = defined(p, i, j, epilogue);
            if (epilogue == CAI_GELU || epilogue == CAI_GELU_BF16) kernels->gelu(&expected, 1);
            if (epilogue == CAI_SILU) kernels->silu(&expected, 1);
            float found = p->c[i * p->columns + j];
            if (epilogue == CAI_GELU_BF16) {
                expected = widened(exact_bf16(expected));
                found = widened(element(p->c + i * words(p->columns), j));
            }
            expect(same(found, expected), "C[%zu, %zu] is %a, expected %a", i, j, (double)found, (double)expected);
        }
    if (epilogue == CAI_GELU_BF16 && p->columns % 2 == 1)
        for (size_t i = 0; i < p->rows; i++)
            expect(element(p->c + i * words(p->columns), p->columns) == 0, "row %zu does not end with a zero", i);
}

static void size(const cai_kernels *kernels, size_t rows, size_t columns, size_t inputs) {
    begin_case("%zu x %zu, K = %zu", rows, columns, inputs);
    const product_bf16 p = make(kernels, rows, columns, inputs, 2);
    for (size_t e = 0; e < COUNT(epilogues); e++) compare(kernels, &p, epilogues[e], epilogue_names[e]);
    end_case();
}

/* Sums that overflow, cancel and underflow, with infinities and NaN among the operands. */
static void extremes(const cai_kernels *kernels, int octaves) {
    begin_case("%d octaves", octaves);
    const product_bf16 p = make(kernels, 23, 49, 37, octaves);
    for (size_t j = 0; j < p.columns; j++) p.bias[j] = ldexpf(p.bias[j], -octaves);
    set_element(row_of_a(&p, 3), 5, exact_bf16(INFINITY));
    set_element(row_of_a(&p, 9), 36, exact_bf16(NAN));
    set_element(pairs_of_b(&p, 1, 47), 0, exact_bf16(-INFINITY));
    for (size_t k = 0; k < p.inputs; k++) set_element(row_of_a(&p, 11), k, k % 2 == 0 ? 0x0001 : 0x807f); /* subnormal */
    compare(kernels, &p, CAI_STORE, "extreme numbers");
    compare(kernels, &p, CAI_RELU, "extreme numbers, relu");
    end_case();
}

void test_gemm_bf16(const cai_kernels *kernels) {
    static const size_t rows[] = {0, 1, 2, 5, 6, 7, 8, 13, 15, 21, 96};
    static const size_t columns[] = {0, 1, 7, 15, 16, 17, 32, 33, 47, 48, 49, 65};
    static const size_t inputs[] = {0, 1, 2, 3, 16, 17, 31};
    for (size_t r = 0; r < COUNT(rows); r++)
        for (size_t c = 0; c < COUNT(columns); c++)
            for (size_t k = 0; k < COUNT(inputs); k++) size(kernels, rows[r], columns[c], inputs[k]);
    size(kernels, 7, 33, 2 * CAI_GEMM_PART);
    size(kernels, 7, 33, 2 * CAI_GEMM_PART + 1);
    size(kernels, 3, 17, 5 * CAI_GEMM_PART);
    size(kernels, 577, 17, 6);
    for (int octaves = 60; octaves <= 100; octaves += 10) extremes(kernels, octaves);
}

/* Each row alone has the bits that it has among others, NaN and infinity beside it included. */
void test_gemm_bf16_rows(const cai_kernels *kernels) {
    static const size_t rows[] = {1, 2, 5, 6, 7, 8, 11, 13, 15, 22, 97};
    for (size_t r = 0; r < COUNT(rows); r++)
        for (size_t e = 0; e < COUNT(epilogues); e++) {
            begin_case("%zu rows, %s", rows[r], epilogue_names[e]);
            const product_bf16 p = make(kernels, rows[r], 33, 41, 2);
            const size_t stride = epilogues[e] == CAI_GELU_BF16 ? words(p.columns) : p.columns;
            float *whole = guarded(p.rows * p.columns);
            run(kernels, &p, epilogues[e], 0, p.rows);
            memcpy(whole, p.c, p.rows * p.columns * sizeof(float));
            for (size_t i = 0; i < p.rows; i++) {
                run(kernels, &p, epilogues[e], i, 1);
                expect(same_bits(p.c + i * stride, whole + i * stride, stride), "row %zu alone has other bits", i);
            }
            for (size_t i = 1; i < p.rows; i += 3)
                for (size_t k = 0; k < p.inputs; k++)
                    set_element(row_of_a(&p, i), k, exact_bf16(k % 2 == 0 ? NAN : INFINITY));
            run(kernels, &p, epilogues[e], 0, p.rows);
            for (size_t i = 0; i < p.rows; i++)
                if (i % 3 != 1)
                    expect(same_bits(p.c + i * stride, whole + i * stride, stride), "row %zu is changed by others", i);
            end_case();
        }
}

/* Rows of floats and the same rows in bfloat16. */
static void expect_rounded(const float *floats, const float *pairs, size_t rows, size_t width) {
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < 2 * words(width); i++) {
            const uint16_t exact = i < width ? exact_bf16(floats[r * width + i]) : 0;
            expect(element(pairs + r * words(width), i) == exact, "row %zu, element %zu is not the rounded float32", r, i);
        }
}

void test_layer_norm_bf16(const cai_kernels *kernels) {
    static const size_t widths[] = {1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 192, 193};
    for (size_t w = 0; w < COUNT(widths); w++)
        for (size_t rows = 0; rows <= 9; rows++) {
            const size_t width = widths[w];
            begin_case("%zu x %zu", rows, width);
            float *x = guarded(rows * width), *gamma = guarded(width), *beta = guarded(width);
            float *floats = guarded(rows * width), *pairs = guarded(rows * words(width));
            fill(x, rows * width, 3);
            fill(gamma, width, 1);
            fill(beta, width, 1);
            kernels->layer_norm(x, gamma, beta, 1e-6f, floats, rows, width);
            kernels->layer_norm_bf16(x, gamma, beta, 1e-6f, pairs, rows, width);
            expect_rounded(floats, pairs, rows, width);
            end_case();
        }
}

void test_attention_bf16(const cai_kernels *kernels) {
    static const size_t tokens[] = {1, 5, 6, 7, 13, 17, 33}, dims[] = {1, 3, 4, 15, 16, 19, 64};
    for (size_t t = 0; t < COUNT(tokens); t++)
        for (size_t d = 0; d < COUNT(dims); d++)
            for (size_t heads = 1; heads <= 3; heads++) {
                const size_t rows = 2 * tokens[t], width = heads * dims[d];
                begin_case("%zu tokens, %zu heads of %zu", tokens[t], heads, dims[d]);
                float *qkv = guarded(rows * 3 * width), *scratch = guarded(cai_attention_scratch(tokens[t], dims[d]));
                float *floats = guarded(rows * width), *pairs = guarded(rows * words(width));
                fill(qkv, rows * 3 * width, 1);
                cai_attention call = {.count = 2, .tokens = tokens[t], .heads = heads, .dim = dims[d], .scale = 0.5f,
                                      .qkv = qkv, .out = floats, .scratch = scratch};
                kernels->attention(&call);
                call.out = pairs;
                kernels->attention_bf16(&call);
                expect_rounded(floats, pairs, rows, width);
                end_case();
            }
}
