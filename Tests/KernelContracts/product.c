#include "product.h"

#include <math.h>

/* Floats between two runs of a row, and between two rows. */
#define RUN_GAP 2
#define ROW_GAP 3
#define C_GAP 5

static size_t padded(size_t columns) { return (columns + CAI_PANEL - 1) / CAI_PANEL * CAI_PANEL; }

product make_product(layout layout, size_t rows, size_t columns, size_t runs, size_t run) {
    product p = {.layout = layout, .rows = rows, .columns = columns, .runs = runs, .run = run};
    const size_t extent = runs * run + (runs > 1 ? (runs - 1) * RUN_GAP : 0), k = runs * run;
    p.a_stride = extent + ROW_GAP;
    p.c_stride = columns + C_GAP;
    /* The memory ends after the last row's last element. */
    p.a = guarded(rows == 0 ? 0 : (rows - 1) * p.a_stride + extent);
    p.c_count = rows == 0 ? 0 : (rows - 1) * p.c_stride + columns;
    p.c = guarded(p.c_count);
    p.initial = guarded(rows * columns);
    p.panels = guarded(k * padded(columns));
    p.bias = guarded(padded(columns));
    if (runs > 1 || layout == TABLES) {
        p.a_runs = guarded_offsets(runs);
        /* The last run in memory comes first. */
        for (size_t r = 0; r < runs; r++) p.a_runs[r] = (int32_t)((runs - 1 - r) * (run + RUN_GAP));
    }
    if (layout == TABLES) {
        p.a_rows = guarded_offsets(rows);
        p.c_rows = guarded_offsets(rows);
        for (size_t i = 0; i < rows; i++) {
            p.a_rows[i] = (int32_t)((rows - 1 - i) * p.a_stride);
            p.c_rows[i] = (int32_t)((i + rows / 2) % rows * p.c_stride);
        }
    }
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < k; j++) *product_a(&p, i, j) = noise();
    for (size_t i = 0; i < k * padded(columns); i++) p.panels[i] = 0;
    for (size_t i = 0; i < padded(columns); i++) p.bias[i] = 0;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < columns; j++) *product_b(&p, i, j) = noise();
    fill(p.bias, columns, 1);
    fill(p.initial, rows * columns, 1);
    return p;
}

float *product_a(const product *p, size_t row, size_t k) {
    const size_t start = p->a_rows ? (size_t)p->a_rows[row] : row * p->a_stride;
    return p->a + start + (p->a_runs ? (size_t)p->a_runs[k / p->run] + k % p->run : k);
}

float *product_b(const product *p, size_t k, size_t column) {
    return p->panels + (column / CAI_PANEL * p->runs * p->run + k) * CAI_PANEL + column % CAI_PANEL;
}

float *product_c(const product *p, size_t row, size_t column) {
    return p->c + (p->c_rows ? (size_t)p->c_rows[row] : row * p->c_stride) + column;
}

double exact_sum(const product *p, size_t row, size_t column, double *magnitude) {
    double sum = p->bias[column];
    *magnitude = fabs(sum);
    for (size_t k = 0; k < p->runs * p->run; k++) {
        const double term = (double)*product_a(p, row, k) * (double)*product_b(p, k, column);
        sum += term;
        *magnitude += fabs(term);
    }
    return sum;
}

void run_product(const cai_kernels *kernels, const product *p, cai_epilogue epilogue, size_t first, size_t count) {
    for (size_t i = 0; i < p->rows; i++)
        for (size_t j = 0; j < p->columns; j++) *product_c(p, i, j) = p->initial[i * p->columns + j];
    const cai_gemm call = {
        .rows = count,
        .columns = p->columns,
        .runs = p->runs,
        .run = p->run,
        .a = p->a_rows ? p->a : p->a + first * p->a_stride,
        .a_rows = p->a_rows ? p->a_rows + first : NULL,
        .a_runs = p->a_runs,
        .lda = p->a_stride,
        .panels = p->panels,
        .bias = p->bias,
        .c = p->c_rows ? p->c : p->c + first * p->c_stride,
        .c_rows = p->c_rows ? p->c_rows + first : NULL,
        .ldc = p->c_stride,
        .epilogue = epilogue,
    };
    kernels->gemm(&call);
    note_bits(p->c, p->c_count);
}

void expect_gaps(const product *p, size_t first, size_t count) {
    for (size_t i = 0; i < p->c_count; i++)
        if (i % p->c_stride >= p->columns) expect(is_marked(p->c[i]), "wrote beyond a row, at float %zu of C", i);
    for (size_t i = 0; i < p->rows; i++) {
        if (i >= first && i < first + count) continue;
        expect(same_bits(product_c(p, i, 0), p->initial + i * p->columns, p->columns), "wrote to row %zu", i);
    }
}
