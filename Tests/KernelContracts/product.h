/* A matrix product in every layout that cai_gemm allows, with marks in all memory that must not be read or written. */
#ifndef CAI_PRODUCT_H
#define CAI_PRODUCT_H

#include "contract.h"

typedef enum { STRIDED, TABLES } layout;

typedef struct {
    layout layout;
    size_t rows, columns, runs, run;
    size_t a_stride, c_stride, c_count;
    float *a, *panels, *bias, *c, *initial; /* initial: values of C before the call, [rows, columns] */
    int32_t *a_rows, *a_runs, *c_rows;
} product;

/* Operands filled with noise, for the duration of the case. */
product make_product(layout layout, size_t rows, size_t columns, size_t runs, size_t run);

float *product_a(const product *p, size_t row, size_t k);
float *product_b(const product *p, size_t k, size_t column);
float *product_c(const product *p, size_t row, size_t column);

/* The sum and bias in float64, and the sum of magnitudes. */
double exact_sum(const product *p, size_t row, size_t column, double *magnitude);

/* Resets C, then computes `count` rows from `first` on. */
void run_product(const cai_kernels *kernels, const product *p, cai_epilogue epilogue, size_t first, size_t count);
/* Checks that only rows from `first` on of C were written. */
void expect_gaps(const product *p, size_t first, size_t count);

#endif
