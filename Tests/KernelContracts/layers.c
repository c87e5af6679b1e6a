/* Layer norm, the narrow Linear layer, means over rows, sums and the attainable peak, against float64. */
#include <math.h>
#include <string.h>

#include "contract.h"

static const size_t widths[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 191, 192, 193};
#define WIDTHS (sizeof widths / sizeof widths[0])

static void normalise(const cai_kernels *kernels, size_t rows, size_t width) {
    begin_case("%zu rows of %zu", rows, width);
    const float eps = 1e-6f;
    float *x = guarded(rows * width), *gamma = guarded(width), *beta = guarded(width), *out = guarded(rows * width);
    fill(x, rows * width, 4);
    for (size_t i = 0; i < rows * width; i++) x[i] += 1;
    fill(gamma, width, 1);
    fill(beta, width, 1);
    kernels->layer_norm(x, gamma, beta, eps, out, rows, width);
    note_bits(out, rows * width);
    for (size_t r = 0; r < rows; r++) {
        double mean = 0, variance = 0;
        for (size_t i = 0; i < width; i++) mean += x[r * width + i] / (double)width;
        for (size_t i = 0; i < width; i++) variance += pow(x[r * width + i] - mean, 2) / (double)width;
        const double deviation = sqrt(variance + eps);
        for (size_t i = 0; i < width; i++) {
            const double exact = (x[r * width + i] - mean) / deviation * gamma[i] + beta[i];
            /* Sums of `width` terms of size <= 5, divided by a deviation that may be as small as sqrt(eps). */
            const double tolerance = 8 * (double)(width + 8) * UNIT_ROUNDOFF * 5 / deviation + 1e-6;
            expect_near(out[r * width + i], exact, tolerance, "row %zu, channel %zu", r, i);
        }
    }
    /* A row alone, beside NaN, and in place, has the same bits. */
    float *again = guarded(rows * width);
    for (size_t r = 0; r < rows; r++)
        kernels->layer_norm(x + r * width, gamma, beta, eps, again + r * width, 1, width);
    expect(same_bits(again, out, rows * width), "a row alone has other bits");
    if (rows > 1) {
        x[width] = NAN;
        kernels->layer_norm(x, gamma, beta, eps, x, rows, width);
        for (size_t i = 0; i < rows * width; i++)
            expect(i / width == 1 ? isnan(x[i]) : same_bits(x + i, out + i, 1), "row %zu in place, beside NaN",
                   i / width);
    }
    end_case();
}

void test_layer_norm(const cai_kernels *kernels) {
    for (size_t w = 0; w < WIDTHS; w++)
        for (size_t rows = 0; rows <= 4; rows++) normalise(kernels, rows, widths[w]);
}

static void narrow(const cai_kernels *kernels, size_t rows, size_t inputs, size_t outputs) {
    begin_case("%zu rows, %zu x %zu", rows, inputs, outputs);
    const size_t stride = outputs + 3;
    float *x = guarded(rows * inputs), *weight = guarded(inputs * outputs), *bias = guarded(outputs);
    float *out = guarded(rows == 0 ? 0 : (rows - 1) * stride + outputs);
    fill(x, rows * inputs, 20);
    fill(weight, inputs * outputs, 1);
    fill(bias, outputs, 1);
    kernels->narrow_linear(x, weight, bias, out, rows, inputs, outputs, stride);
    note_bits(out, rows == 0 ? 0 : (rows - 1) * stride + outputs);
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < outputs; j++) {
            double sum = bias[j];
            for (size_t i = 0; i < inputs; i++) sum += (double)x[r * inputs + i] * (double)weight[i * outputs + j];
            /* Rounded once, even if terms cancel. */
            expect_near(out[r * stride + j], sum, fabs(sum) * UNIT_ROUNDOFF + 1e-13, "out[%zu, %zu]", r, j);
        }
        for (size_t j = outputs; j < stride && r + 1 < rows; j++)
            expect(is_marked(out[r * stride + j]), "wrote beyond row %zu", r);
    }
    end_case();
}

void test_narrow_linear(const cai_kernels *kernels) {
    for (size_t rows = 0; rows <= 5; rows++)
        for (size_t inputs = 0; inputs <= 6; inputs++)
            for (size_t w = 0; w < WIDTHS; w++) narrow(kernels, rows, inputs, widths[w]);
}

void test_mean_rows(const cai_kernels *kernels) {
    for (size_t rows = 1; rows <= 17; rows += 4)
        for (size_t w = 0; w <= WIDTHS; w++) {
            const size_t width = w < WIDTHS ? widths[w] : 0;
            begin_case("%zu rows of %zu", rows, width);
            float *x = guarded(rows * width), *out = guarded(width);
            fill(x, rows * width, 1);
            kernels->mean_rows(x, out, rows, width);
            note_bits(out, width);
            for (size_t i = 0; i < width; i++) {
                double sum = 0;
                for (size_t r = 0; r < rows; r++) sum += x[r * width + i];
                expect_near(out[i], sum / (double)rows, ((double)rows + 1) * UNIT_ROUNDOFF, "column %zu", i);
            }
            end_case();
        }
}

void test_add(const cai_kernels *kernels) {
    for (size_t count = 0; count <= 49; count++) {
        begin_case("%zu elements", count);
        float *x = guarded(count), *c = guarded(count), *old = guarded(count);
        fill(x, count, 1);
        fill(c, count, 1);
        if (count > 2) c[2] = NAN;
        if (count > 3) c[3] = INFINITY;
        memcpy(old, c, count * sizeof *c);
        kernels->add(x, c, count);
        note_bits(c, count);
        for (size_t i = 0; i < count; i++)
            expect_near(c[i], (double)(x[i] + old[i]), 0, "element %zu", i);
        end_case();
    }
}

/* x/2 + 1/2 goes to 1 in every lane, so that their sum is the number of lanes, as the returned count implies. */
void test_peak(const cai_kernels *kernels) {
    for (size_t iterations = 64; iterations <= 1024; iterations *= 2) {
        begin_case("%zu iterations", iterations);
        float *sink = guarded(2);
        sink[0] = sink[1] = 0.5f;
        const size_t operations = kernels->fma_peak(iterations, sink);
        expect(operations > 0 && operations % (2 * iterations) == 0, "%zu operations", operations);
        expect_near(sink[0], (double)(operations / (2 * iterations)), 0, "sum of the lanes");
        end_case();
    }
}
