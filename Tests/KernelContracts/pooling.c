/* Pooling over channels-last maps, against plain loops. */
#include <math.h>
#include <string.h>

#include "contract.h"

static const size_t channel_counts[] = {0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 32, 33};
#define CHANNEL_COUNTS (sizeof channel_counts / sizeof channel_counts[0])

static void average(const cai_kernels *kernels, size_t height, size_t width, size_t channels) {
    begin_case("%zu x %zu x %zu", height, width, channels);
    const size_t out_count = height / 2 * (width / 2) * channels;
    float *x = guarded(height * width * channels), *out = guarded(out_count);
    fill(x, height * width * channels, 1);
    kernels->average_pool_2(x, out, height, width, channels);
    note_bits(out, out_count);
    for (size_t i = 0; i < out_count; i++) {
        const size_t c = i % channels, pixel = i / channels;
        double sum = 0;
        for (size_t tap = 0; tap < 4; tap++) {
            const size_t row = pixel / (width / 2) * 2 + tap / 2, column = pixel % (width / 2) * 2 + tap % 2;
            sum += x[(row * width + column) * channels + c];
        }
        expect_near(out[i], sum / 4, 4 * UNIT_ROUNDOFF, "pixel %zu, channel %zu", pixel, c);
    }
    end_case();
}

static void largest(const cai_kernels *kernels, size_t height, size_t width, size_t channels) {
    begin_case("%zu x %zu x %zu", height, width, channels);
    const size_t count = height * width * channels;
    float *x = guarded(count), *out = guarded(count);
    fill(x, count, 1);
    /* Below zero: a border of zeros would be the maximum. */
    for (size_t i = 0; i < count; i++) x[i] -= 2;
    if (count > 0) x[channels - 1] = NAN;
    if (count > 0) x[count / 2] = INFINITY;
    if (count > 0) x[count - 1] = -INFINITY;
    kernels->max_pool_3(x, out, height, width, channels);
    note_bits(out, count);
    for (size_t i = 0; i < count; i++) {
        const size_t c = i % channels, row = i / channels / width, column = i / channels % width;
        double exact = -INFINITY;
        for (size_t v = row > 0 ? row - 1 : 0; v <= row + 1 && v < height; v++)
            for (size_t u = column > 0 ? column - 1 : 0; u <= column + 1 && u < width; u++) {
                const double value = x[(v * width + u) * channels + c];
                if (isnan(exact) || isnan(value)) exact = NAN;
                else exact = fmax(exact, value);
            }
        expect_near(out[i], exact, 0, "row %zu, column %zu, channel %zu", row, column, c);
    }
    end_case();
}

static void over_shapes(const cai_kernels *kernels, void (*test)(const cai_kernels *, size_t, size_t, size_t)) {
    for (size_t height = 0; height <= 5; height++)
        for (size_t width = 0; width <= 5; width++)
            for (size_t c = 0; c < CHANNEL_COUNTS; c++) test(kernels, height, width, channel_counts[c]);
    test(kernels, 8, 8, 64);
}

void test_average_pool(const cai_kernels *kernels) { over_shapes(kernels, average); }
void test_max_pool(const cai_kernels *kernels) { over_shapes(kernels, largest); }
