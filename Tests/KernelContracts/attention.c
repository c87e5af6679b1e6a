/* Self-attention against float64, and the independence of sequences. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"

typedef struct {
    size_t count, tokens, heads, dim;
    float scale;
    float *qkv, *out, *scratch;
} sequences;

static sequences make_sequences(size_t count, size_t tokens, size_t heads, size_t dim) {
    sequences s = {.count = count, .tokens = tokens, .heads = heads, .dim = dim, .scale = 1 / sqrtf((float)dim)};
    const size_t floats = count * tokens * heads * dim;
    fill(s.qkv = guarded(3 * floats), 3 * floats, 2);
    s.out = guarded(floats);
    /* Filled with NaN: the kernel must write scratch before it reads it. */
    s.scratch = guarded(cai_attention_scratch(tokens, dim));
    return s;
}

static void attend(const cai_kernels *kernels, const sequences *s, size_t first, size_t count) {
    const size_t floats = s->tokens * s->heads * s->dim;
    const cai_attention call = {
        count, s->tokens, s->heads, s->dim, s->scale, s->qkv + first * 3 * floats, s->out + first * floats, s->scratch,
    };
    kernels->attention(&call);
    note_bits(call.out, count * floats);
}

static double part(const sequences *s, size_t n, size_t token, size_t which, size_t head, size_t d) {
    return s->qkv[((n * s->tokens + token) * 3 + which) * s->heads * s->dim + head * s->dim + d];
}

/* A score errs by (2 dim + 3) u sum|q k| scale <= that x 4 sqrt(dim); weights sum to one and values are at most 2; exp
 * and the sums add a few roundings. */
static double tolerance(const sequences *s) {
    const double dim = (double)s->dim;
    return (2 * dim + 3) * 4 * sqrt(dim) * UNIT_ROUNDOFF * 4 + (double)(2 * s->tokens + 8) * UNIT_ROUNDOFF * 2;
}

/* The rows of query `i` in float64. */
static void compare_query(const sequences *s, size_t n, size_t h, size_t i, double *weights) {
    double largest = -INFINITY, sum = 0;
    for (size_t j = 0; j < s->tokens; j++) {
        double score = 0;
        for (size_t d = 0; d < s->dim; d++) score += part(s, n, i, 0, h, d) * part(s, n, j, 1, h, d);
        weights[j] = score * (double)s->scale;
        largest = fmax(largest, weights[j]);
    }
    for (size_t j = 0; j < s->tokens; j++) sum += weights[j] = exp(weights[j] - largest);
    for (size_t d = 0; d < s->dim; d++) {
        double exact = 0;
        for (size_t j = 0; j < s->tokens; j++) exact += weights[j] / sum * part(s, n, j, 2, h, d);
        expect_near(s->out[((n * s->tokens + i) * s->heads + h) * s->dim + d], exact, tolerance(s),
                    "sequence %zu, token %zu, head %zu, channel %zu", n, i, h, d);
    }
}

static void compare(const cai_kernels *kernels, size_t count, size_t tokens, size_t heads, size_t dim) {
    begin_case("%zu sequences, %zu tokens, %zu heads of %zu", count, tokens, heads, dim);
    const sequences s = make_sequences(count, tokens, heads, dim);
    attend(kernels, &s, 0, count);
    double *weights = malloc(tokens * sizeof *weights);
    if (weights == NULL) abort();
    for (size_t n = 0; n < count; n++)
        for (size_t h = 0; h < heads; h++)
            for (size_t i = 0; i < tokens; i++) compare_query(&s, n, h, i, weights);
    free(weights);
    end_case();
}

/* Scores so far apart that all but one weight underflow: the output is that token's value. */
static void extreme(const cai_kernels *kernels, size_t tokens) {
    begin_case("%zu tokens, scores far apart", tokens);
    const sequences s = make_sequences(1, tokens, 1, 8);
    for (size_t j = 0; j < tokens; j++)
        for (size_t d = 0; d < 8; d++) {
            s.qkv[j * 24 + d] = 100;
            s.qkv[j * 24 + 8 + d] = j == tokens / 2 ? 100 : -100;
        }
    attend(kernels, &s, 0, 1);
    for (size_t j = 0; j < tokens; j++)
        for (size_t d = 0; d < 8; d++)
            expect_near(s.out[j * 8 + d], s.qkv[tokens / 2 * 24 + 16 + d], 4 * UNIT_ROUNDOFF, "token %zu", j);
    end_case();
}

static void independent(const cai_kernels *kernels, size_t tokens, size_t heads, size_t dim) {
    begin_case("%zu tokens, %zu heads of %zu, neighbours", tokens, heads, dim);
    const sequences s = make_sequences(3, tokens, heads, dim);
    const size_t floats = tokens * heads * dim;
    float *whole = guarded(3 * floats);
    attend(kernels, &s, 0, 3);
    memcpy(whole, s.out, 3 * floats * sizeof *whole);
    for (size_t n = 0; n < 3; n++) {
        attend(kernels, &s, n, 1);
        expect(same_bits(s.out, whole, 3 * floats), "sequence %zu alone has other bits", n);
    }
    /* NaN in a query affects that token and head only; NaN in a key or value, that head in every token. */
    const size_t bad = tokens / 2;
    s.qkv[floats * 3 + bad * 3 * heads * dim] = NAN;
    attend(kernels, &s, 0, 3);
    for (size_t i = 0; i < 3 * floats; i++) {
        const bool poisoned = i >= floats + bad * heads * dim && i < floats + bad * heads * dim + dim;
        expect(poisoned ? isnan(s.out[i]) : same_bits(s.out + i, whole + i, 1), "out[%zu] beside a query of NaN", i);
    }
    s.qkv[floats * 3 + bad * 3 * heads * dim] = 0;
    s.qkv[floats * 3 + bad * 3 * heads * dim + heads * dim + dim - 1] = NAN;
    attend(kernels, &s, 0, 3);
    for (size_t i = 0; i < 3 * floats; i++) {
        const bool poisoned = i / floats == 1 && i % (heads * dim) < dim;
        if (poisoned || i / floats != 1 || i % (heads * dim) >= dim)
            expect(poisoned ? isnan(s.out[i]) : same_bits(s.out + i, whole + i, 1), "out[%zu] beside a key of NaN", i);
    }
    end_case();
}

void test_attention(const cai_kernels *kernels) {
    static const size_t tokens[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65};
    static const size_t dims[] = {1, 3, 4, 7, 8, 9, 15, 16, 17, 20, 32, 33, 64};
    for (size_t t = 0; t < sizeof tokens / sizeof tokens[0]; t++) {
        for (size_t d = 0; d < sizeof dims / sizeof dims[0]; d++) compare(kernels, 2, tokens[t], 1, dims[d]);
        compare(kernels, 1, tokens[t], 3, 64);
        extreme(kernels, tokens[t]);
        independent(kernels, tokens[t], 3, 24);
        independent(kernels, tokens[t], 1, 7);
    }
    compare(kernels, 0, 16, 3, 64);
}
