/* The fused pair of grouped convolutions against float64, and against equivalent matrix products. */
#include <math.h>
#include <string.h>

#include "contract.h"

#define ROW_GAP 7

typedef struct {
    size_t rows, groups, hidden;
    float *x, *expand, *expand_bias, *reduce, *reduce_bias, *out;
    int32_t *x_rows;
} quads;

static quads make_quads(size_t rows, size_t groups, size_t hidden) {
    quads q = {.rows = rows, .groups = groups, .hidden = hidden};
    const size_t width = groups * CAI_QUAD, stride = width + ROW_GAP;
    q.x = guarded(rows == 0 ? 0 : (rows - 1) * stride + width);
    q.x_rows = guarded_offsets(rows);
    for (size_t r = 0; r < rows; r++) {
        q.x_rows[r] = (int32_t)((rows - 1 - r) * stride);
        fill(q.x + q.x_rows[r], width, 3);
    }
    fill(q.expand = guarded(hidden * width), hidden * width, 1);
    fill(q.expand_bias = guarded(hidden * groups), hidden * groups, 1);
    fill(q.reduce = guarded(hidden * width), hidden * width, 1);
    fill(q.reduce_bias = guarded(width), width, 1);
    q.out = guarded(rows * width);
    return q;
}

static void run_quads(const cai_kernels *kernels, const quads *q, size_t first, size_t count) {
    const cai_quad_convolution call = {
        count, q->groups, q->hidden, q->x, q->x_rows + first, q->expand, q->expand_bias, q->reduce, q->reduce_bias,
        q->out + first * q->groups * CAI_QUAD,
    };
    kernels->quad_convolution(&call);
    note_bits(call.out, count * q->groups * CAI_QUAD);
}

/* One output in float64, and the tolerance of float32: as for a matrix product, twice, with SiLU's slope of at
 * most 1.1 between them. */
static double exact_quad(const quads *q, size_t row, size_t group, size_t output, double *tolerance) {
    const float *x = q->x + q->x_rows[row] + group * CAI_QUAD;
    double sum = q->reduce_bias[output * q->groups + group], magnitude = fabs(sum), carried = 0;
    for (size_t h = 0; h < q->hidden; h++) {
        double inner = q->expand_bias[h * q->groups + group], inner_magnitude = fabs(inner);
        for (size_t i = 0; i < CAI_QUAD; i++) {
            const double term = (double)x[i] * q->expand[(h * CAI_QUAD + i) * q->groups + group];
            inner += term;
            inner_magnitude += fabs(term);
        }
        const double weight = q->reduce[(h * CAI_QUAD + output) * q->groups + group];
        sum += weight * exact_silu(inner);
        magnitude += fabs(weight * inner);
        carried += fabs(weight) * 1.1 * 10 * UNIT_ROUNDOFF * inner_magnitude;
    }
    *tolerance = carried + (2 * (double)q->hidden + 8) * UNIT_ROUNDOFF * magnitude;
    return sum;
}

static void compare(const cai_kernels *kernels, size_t rows, size_t groups, size_t hidden) {
    begin_case("%zu rows, %zu groups, %zu hidden", rows, groups, hidden);
    const quads q = make_quads(rows, groups, hidden);
    run_quads(kernels, &q, 0, rows);
    const size_t width = groups * CAI_QUAD;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < width; c++) {
            double tolerance;
            const double exact = exact_quad(&q, r, c / CAI_QUAD, c % CAI_QUAD, &tolerance);
            expect_near(q.out[r * width + c], exact, tolerance, "out[%zu, %zu]", r, c);
        }
    end_case();
}

/* Each row alone, and a group of NaN: only that group of that row changes. */
static void independent(const cai_kernels *kernels, size_t rows, size_t groups, size_t hidden) {
    begin_case("%zu rows, %zu groups, %zu hidden, neighbours", rows, groups, hidden);
    const quads q = make_quads(rows, groups, hidden);
    const size_t width = groups * CAI_QUAD, count = rows * width;
    float *whole = guarded(count);
    run_quads(kernels, &q, 0, rows);
    memcpy(whole, q.out, count * sizeof *whole);
    for (size_t r = 0; r < rows; r++) {
        memset(q.out, 0, count * sizeof *whole);
        run_quads(kernels, &q, r, 1);
        expect(same_bits(q.out + r * width, whole + r * width, width), "row %zu alone has other bits", r);
        for (size_t i = 0; i < count; i++)
            expect(i / width == r || q.out[i] == 0, "row %zu is written with row %zu", i / width, r);
    }
    const size_t bad_row = rows / 2, bad_group = groups - 1;
    q.x[(size_t)q.x_rows[bad_row] + bad_group * CAI_QUAD + 2] = NAN;
    run_quads(kernels, &q, 0, rows);
    for (size_t i = 0; i < count; i++) {
        const bool bad = i / width == bad_row && i % width / CAI_QUAD == bad_group;
        expect(bad ? isnan(q.out[i]) : same_bits(q.out + i, whole + i, 1), "out[%zu, %zu] beside NaN", i / width,
               i % width);
    }
    end_case();
}

/* One row through gemm: weights [inputs, outputs], `stride` floats from one to the next. */
static void multiply(const cai_kernels *kernels, const float *x, size_t inputs, const float *weights, const float *bias,
                     size_t outputs, size_t stride, cai_epilogue epilogue, float *out) {
    float panel[CAI_PANEL * CAI_PANEL] = {0}, padded[CAI_PANEL] = {0};
    for (size_t o = 0; o < outputs; o++) {
        padded[o] = bias[o * stride];
        for (size_t i = 0; i < inputs; i++) panel[i * CAI_PANEL + o] = weights[(i * outputs + o) * stride];
    }
    const cai_gemm call = {
        .rows = 1, .columns = outputs, .runs = 1, .run = inputs, .a = x, .lda = inputs, .panels = panel,
        .bias = padded, .c = out, .ldc = outputs, .epilogue = epilogue,
    };
    kernels->gemm(&call);
}

static void same_as_products(const cai_kernels *kernels, size_t groups, size_t hidden) {
    begin_case("%zu groups, %zu hidden, the bits of two products a group", groups, hidden);
    const quads q = make_quads(3, groups, hidden);
    run_quads(kernels, &q, 0, q.rows);
    for (size_t r = 0; r < q.rows; r++)
        for (size_t g = 0; g < groups; g++) {
            float expand[CAI_QUAD * CAI_PANEL], unit[CAI_PANEL], out[CAI_QUAD];
            for (size_t h = 0; h < hidden; h++)
                for (size_t i = 0; i < CAI_QUAD; i++)
                    expand[i * hidden + h] = q.expand[(h * CAI_QUAD + i) * groups + g];
            float bias[CAI_PANEL];
            for (size_t h = 0; h < hidden; h++) bias[h] = q.expand_bias[h * groups + g];
            multiply(kernels, q.x + q.x_rows[r] + g * CAI_QUAD, CAI_QUAD, expand, bias, hidden, 1, CAI_SILU, unit);
            multiply(kernels, unit, hidden, q.reduce + g, q.reduce_bias + g, CAI_QUAD, groups, CAI_STORE, out);
            expect(same_bits(out, q.out + (r * groups + g) * CAI_QUAD, CAI_QUAD), "row %zu, group %zu", r, g);
        }
    end_case();
}

void test_quad_convolution(const cai_kernels *kernels) {
    static const size_t rows[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 17};
    static const size_t hidden[] = {0, 1, 2, 4, 7, 8, 16, 17};
    for (size_t groups = CAI_PANEL; groups <= 4 * CAI_PANEL; groups += CAI_PANEL)
        for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
            for (size_t h = 0; h < sizeof hidden / sizeof hidden[0]; h++)
                compare(kernels, rows[r], groups, hidden[h]);
    compare(kernels, 5, 0, 4);
    for (size_t r = 1; r <= 9; r++) independent(kernels, r, 3 * CAI_PANEL, 16);
    same_as_products(kernels, CAI_PANEL, 16);
    same_as_products(kernels, 3 * CAI_PANEL, 7);
}
