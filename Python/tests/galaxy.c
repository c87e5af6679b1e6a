/* Predicts one galaxy by the shared library: the contract of astrocai.h from C.
 *
 *     galaxy WEIGHTS < cutout and magnitudes as float32     prints the redshift's bits and the flags
 */
#include <astrocai.h>

#include <stdio.h>
#include <string.h>

enum { PIXELS = 5 * 32 * 32, BANDS = 5 };

int main(int count, char **arguments) {
    static float pixels[PIXELS], magnitudes[BANDS];
    char error[256];
    if (count != 2 || fread(pixels, sizeof pixels, 1, stdin) != 1 || fread(magnitudes, sizeof magnitudes, 1, stdin) != 1) {
        fputs("usage: galaxy WEIGHTS < GALAXY\n", stderr);
        return 2;
    }
    if (cai_abi_version() != CAI_ABI_VERSION) return 3;
    int64_t model = cai_model_open(arguments[1], "{\"threads\": 1}", error, sizeof error);
    if (!model) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    cai_array image = {
        .data = pixels, .dtype = CAI_FLOAT32, .axes = 4, .shape = {1, 5, 32, 32},
        .strides = {4 * PIXELS, 4 * 32 * 32, 4 * 32, 4}};
    cai_array row = {.data = magnitudes, .dtype = CAI_FLOAT32, .axes = 2, .shape = {1, 5}, .strides = {4 * BANDS, 4}};
    float redshift;
    uint8_t flags;
    if (cai_predict(model, &image, &row, NULL, &redshift, &flags, 1, error, sizeof error)) {
        fprintf(stderr, "%s\n", error);
        return 1;
    }
    char *description = cai_describe(model, NULL, 0);
    if (!description || !strstr(description, "\"redshift network\"")) return 4;
    cai_free(description);
    cai_free(NULL);

    /* Errors: a line cut to the buffer, and nothing traps. */
    image.shape[1] = 4;
    if (!cai_predict(model, &image, &row, NULL, &redshift, &flags, 1, error, 12) || strlen(error) != 11) return 5;
    image.shape[1] = 5;
    if (!cai_predict(model, NULL, &row, NULL, &redshift, &flags, 1, error, sizeof error)) return 6;
    if (!cai_predict(model, &image, &row, NULL, NULL, &flags, 1, NULL, 0)) return 7;
    if (!cai_predict(model, &image, &row, "{\"bands\": 1}", &redshift, &flags, 1, error, sizeof error)) return 8;
    if (!cai_predict(model, &image, &row, "{\"other\": 1}", &redshift, &flags, 1, error, sizeof error)) return 9;
    if (!cai_predict(model + 1, &image, &row, NULL, &redshift, &flags, 1, error, sizeof error)) return 10;
    image.strides[0] = INT64_MAX;
    image.shape[0] = row.shape[0] = INT64_MAX;
    if (!cai_predict(model, &image, &row, NULL, &redshift, &flags, INT64_MAX, error, sizeof error)) return 11;
    image.dtype = 7;
    if (!cai_predict(model, &image, &row, NULL, &redshift, &flags, 1, error, sizeof error)) return 12;
    if (cai_close(model, error, sizeof error) || !cai_close(model, error, sizeof error)) return 13;

    uint32_t bits;
    memcpy(&bits, &redshift, sizeof bits);
    printf("%u %d\n", bits, flags);
    return 0;
}
