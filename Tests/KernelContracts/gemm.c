/* The indirect matrix product: every size around the tiles against float64, and the independence of rows. */
#include <math.h>
#include <string.h>

#include "product.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const cai_epilogue epilogues[] = {CAI_STORE, CAI_RELU, CAI_GELU, CAI_SILU, CAI_ADD};
static const char *const epilogue_names[] = {"store", "relu", "gelu", "silu", "add"};

static double finish(cai_epilogue epilogue, double sum, double old) {
    switch (epilogue) {
    case CAI_RELU: return isnan(sum) ? sum : fmax(sum, 0);
    case CAI_GELU: return exact_gelu(sum);
    case CAI_SILU: return exact_silu(sum);
    case CAI_ADD: return sum + old;
    default: return sum;
    }
}

static void describe(const product *p, const char *what) {
    begin_case("%s, %zu x %zu, K = %zu x %zu, %s", p->layout == TABLES ? "tables" : "strides", p->rows, p->columns,
               p->runs, p->run, what);
}

/* Each epilogue against float64. Two roundings a term (one where fused) of partial sums that are at most the sum of
 * magnitudes: (2 K + 2) u sum |a b|; the functions' slope is at most 1.13, their own error GELU's and two roundings.
 */
static void compare(const cai_kernels *kernels, layout layout, size_t rows, size_t columns, size_t runs, size_t run) {
    begin_case("%zu x %zu, K = %zu x %zu", rows, columns, runs, run);
    const product p = make_product(layout, rows, columns, runs, run);
    for (size_t e = 0; e < COUNT(epilogues); e++) {
        describe(&p, epilogue_names[e]);
        run_product(kernels, &p, epilogues[e], 0, rows);
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++) {
                double magnitude;
                const double sum = exact_sum(&p, i, j, &magnitude), old = p.initial[i * columns + j];
                const double tolerance =
                    1.13 * (2 * (double)(runs * run) + 2) * UNIT_ROUNDOFF * (magnitude + fabs(old)) + 6e-8 +
                    (epilogues[e] == CAI_GELU ? gelu_error(sum) : 0);
                expect_near(*product_c(&p, i, j), finish(epilogues[e], sum, old), tolerance, "C[%zu, %zu]", i, j);
            }
        expect_gaps(&p, 0, rows);
    }
    end_case();
}

void test_gemm_sizes(const cai_kernels *kernels) {
    /* Around tiles of 5, 6 and 7 rows and two or more of them, a panel of 16, two, three and four of them. */
    static const size_t rows[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12,
                                  13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 95, 96, 97};
    static const size_t columns[] = {0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65};
    static const size_t inputs[] = {0, 1, 2, 3, 7, 8, 9, 17};
    for (size_t r = 0; r < COUNT(rows); r++)
        for (size_t c = 0; c < COUNT(columns); c++) {
            for (size_t k = 0; k < COUNT(inputs); k++) compare(kernels, STRIDED, rows[r], columns[c], 1, inputs[k]);
            compare(kernels, TABLES, rows[r], columns[c], 1, 5);
            compare(kernels, TABLES, rows[r], columns[c], 3, 1);
            compare(kernels, TABLES, rows[r], columns[c], 4, 9);
            compare(kernels, STRIDED, rows[r], columns[c], 3, 8);
        }
    /* Sums so long that a kernel may divide them into parts, and more rows than a block. */
    static const size_t longer[] = {
        255, 256, 257, CAI_GEMM_PART - 1, CAI_GEMM_PART, CAI_GEMM_PART + 1, 2 * CAI_GEMM_PART + 1};
    for (size_t k = 0; k < COUNT(longer); k++) {
        compare(kernels, STRIDED, 29, 33, 1, longer[k]);
        compare(kernels, TABLES, 7, 17, 1, longer[k]);
        compare(kernels, TABLES, 7, 17, 2, longer[k]);
    }
    compare(kernels, STRIDED, 211, 40, 1, CAI_GEMM_PART + 100);
    /* Around blocks of rows, one, two and more of them; and blocks of fewer rows for long sums. */
    static const size_t many[] = {280, 285, 286, 287, 288, 289, 290, 293, 555, 570, 571, 572, 573,  574,
                                  575, 576, 577, 825, 849, 854, 857, 863, 864, 865, 1088, 1139, 2304};
    for (size_t r = 0; r < COUNT(many); r++) {
        compare(kernels, STRIDED, many[r], 17, 1, 3);
        compare(kernels, TABLES, many[r], 5, 2, 4);
        compare(kernels, STRIDED, many[r] / 4, 8, 1, 5 * many[r]);
    }
}

/* Each row alone has the bits that it has among others of any values. */
static void independent(const cai_kernels *kernels, layout layout, size_t rows, size_t columns, size_t runs,
                        size_t run, cai_epilogue epilogue) {
    begin_case("%zu x %zu, K = %zu x %zu", rows, columns, runs, run);
    const product p = make_product(layout, rows, columns, runs, run);
    describe(&p, "a row alone");
    float *whole = guarded(rows * columns);
    run_product(kernels, &p, epilogue, 0, rows);
    for (size_t i = 0; i < rows; i++) memcpy(whole + i * columns, product_c(&p, i, 0), columns * sizeof *whole);
    for (size_t i = 0; i < rows; i++) {
        run_product(kernels, &p, epilogue, i, 1);
        expect(same_bits(product_c(&p, i, 0), whole + i * columns, columns), "row %zu alone has other bits", i);
        expect_gaps(&p, i, 1);
    }
    describe(&p, "NaN and infinity beside");
    for (size_t i = 1; i < rows; i += 3)
        for (size_t k = 0; k < runs * run; k++) *product_a(&p, i, k) = k % 2 == 0 ? NAN : INFINITY;
    run_product(kernels, &p, epilogue, 0, rows);
    for (size_t i = 0; i < rows; i++) {
        const float *c = product_c(&p, i, 0);
        if (i % 3 != 1)
            expect(same_bits(c, whole + i * columns, columns), "row %zu is changed by its neighbours", i);
        else
            for (size_t j = 0; j < columns; j++) expect(isnan(c[j]), "NaN is lost in C[%zu, %zu]", i, j);
    }
    end_case();
}

/* NaN and infinities affect only the elements whose sums they belong to. */
static void propagates(const cai_kernels *kernels, size_t columns) {
    for (size_t e = 0; e < COUNT(epilogues); e++) {
        begin_case("infinities and NaN, %zu columns, %s", columns, epilogue_names[e]);
        const product p = make_product(STRIDED, 15, columns, 1, 12);
        *product_a(&p, 3, 5) = INFINITY;
        *product_a(&p, 4, 0) = -INFINITY;
        *product_a(&p, 13, 11) = NAN;
        *product_b(&p, 2, columns - 1) = NAN;
        p.bias[0] = INFINITY;
        run_product(kernels, &p, epilogues[e], 0, p.rows);
        for (size_t i = 0; i < p.rows; i++)
            for (size_t j = 0; j < columns; j++) {
                double magnitude;
                const double sum = exact_sum(&p, i, j, &magnitude);
                /* GELU and SiLU of minus infinity are unspecified: tables give -0, -inf or NaN. */
                if (sum == -INFINITY && (epilogues[e] == CAI_GELU || epilogues[e] == CAI_SILU)) continue;
                const double exact = finish(epilogues[e], sum, p.initial[i * columns + j]);
                expect_near(*product_c(&p, i, j), exact, 1e-4, "C[%zu, %zu]", i, j);
            }
        expect_gaps(&p, 0, p.rows);
        end_case();
    }
}

void test_gemm_rows(const cai_kernels *kernels) {
    static const size_t rows[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 17, 20, 21, 22, 95, 96, 97};
    for (size_t r = 0; r < COUNT(rows); r++)
        for (size_t e = 0; e < COUNT(epilogues); e++) {
            independent(kernels, STRIDED, rows[r], 33, 1, 40, epilogues[e]);
            independent(kernels, TABLES, rows[r], 16, 3, 7, epilogues[e]);
            independent(kernels, STRIDED, rows[r], 47, 2, 8, epilogues[e]);
        }
    for (size_t e = 0; e < COUNT(epilogues); e++)
        independent(kernels, STRIDED, 145, 40, 1, CAI_GEMM_PART + 1, epilogues[e]);
    for (size_t columns = 15; columns <= 49; columns += 17) propagates(kernels, columns);
}
