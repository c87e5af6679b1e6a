/* astrocai: galaxy redshifts by AstroMAE, for C and every language that can call it.
 *
 * Conventions
 *   - Arrays are the caller's: nothing is kept after a call. Outputs are dense, in row-major order, of native byte order.
 *     Every function checks their stated sizes, and writes nowhere else.
 *   - Strings are UTF-8 and end with NUL. A string that a function returns is freed with cai_free.
 *   - Options are a JSON object with the command line's names (batch_size for --batch-size); NULL or "" for none. Unknown
 *     keys are errors.
 *   - A function fails by its result, stated with it. `error` then has one line, cut to `capacity` bytes with the NUL;
 *     it may be NULL. Outputs are undefined then.
 *   - A handle is a number above 0. Another number, a closed handle or one of another kind is an error.
 *   - All functions may be called from any thread at once, and from a process that was forked while no call was running.
 *     They install no signal handlers, start threads only during a call, and pin none to a processor.
 *   - Files are read into memory when they are opened, not mapped.
 *
 * N is the number of galaxies. A galaxy's results do not depend on N, the other galaxies, threads or batches, but for
 * cai_anomaly_scores, and for masks, which depend on a galaxy's index.
 */
#ifndef ASTROCAI_H
#define ASTROCAI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a declaration below changes its meaning. */
#define CAI_ABI_VERSION 2

typedef enum { CAI_FLOAT16 = 0, CAI_FLOAT32 = 1, CAI_FLOAT64 = 2 } cai_dtype;

/* An array of numbers in native byte order that is read where it lies. */
typedef struct {
    const void *data;   /* element [0, 0, ...] */
    int32_t dtype;      /* a cai_dtype */
    int32_t axes;       /* 1 to 4 */
    int64_t shape[4];   /* the first `axes` of them */
    int64_t strides[4]; /* in bytes: multiples of an element's size, not negative */
} cai_array;

/* CAI_ABI_VERSION of the library. */
int32_t cai_abi_version(void);

/* Frees a string that a function has returned; NULL is allowed. */
void cai_free(void *string);

/* Closes a handle of any kind. A call that uses it at the same time ends undisturbed. 0; 1 for a number that is no handle. */
int32_t cai_close(int64_t handle, char *error, int64_t capacity);

/* Loads a redshift network or a masked autoencoder.
 *   weights  the path of a checkpoint
 *   options  precision ("float32", "bf16"), network, num_heads, decoder_heads; threads that load
 * A handle of a model; 0 on failure. */
int64_t cai_model_open(const char *weights, const char *options, char *error, int64_t capacity);

/* What a handle is, as JSON; NULL on failure.
 * Of a model: version, weights, network ("redshift network", "masked autoencoder"), config, image_shape [bands, rows,
 *   columns], magnitudes (a galaxy's; absent: none), bands (absent: weights state none), parameters, warnings, notices,
 *   instruction_set, precision, arithmetic, width, tokens, patches, patch_count (numbers of a patch),
 *   measurements (of cai_measure_errors).
 * Of galaxies: galaxies (N), image_shape, magnitudes (absent: none), bands (absent: not known), has_redshifts, warnings,
 *   notices. */
char *cai_describe(int64_t handle, char *error, int64_t capacity);

/* Redshifts: the bits of `cai infer`. 0; 1 on failure.
 *   images      [N, bands, rows, columns]; larger cutouts than the network's are cropped to their middle
 *   magnitudes  [N, bands]
 *   options     threads, batch_size, bands (of both arrays: "grizu"), missing, channels_last
 *   redshifts   [N], NaN exactly where flags are not 0
 *   flags       [N]: the sum of 1 (pixels not finite or missing), 2 (image all zero), 4 (magnitudes not finite or missing),
 *               8 (magnitudes all zero), 16 (the network's result is not finite) */
int32_t cai_predict(
    int64_t model, const cai_array *images, const cai_array *magnitudes, const char *options, float *redshifts,
    uint8_t *flags, int64_t galaxies, char *error, int64_t capacity);

/* Features of the encoder: the bits of `cai embed`. 0; 1 on failure.
 *   options   those of cai_predict; layer: pooled (the default), cls, fc_norm [N, width], or tokens [N, tokens, width]
 *   features  `floats` of them; NaN for a galaxy without finite pixels */
int32_t cai_embed(
    int64_t model, const cai_array *images, const char *options, float *features, int64_t floats, char *error,
    int64_t capacity);

/* Masked and reconstructed cutouts: the bits of `cai reconstruct`. 0; 1 on failure.
 *   options      those of cai_predict; mask_ratio (0.75), seed (0), passes (1), first_galaxy: the number of galaxies before
 *                these, which the masks of a seed depend on
 *   predictions  [N, passes, patches, patch_count], `floats` in all: rows x columns x bands of a patch, band fastest
 *   mask, noise  [N, passes, patches], `patches` in all; mask: 1 for a hidden patch
 *   losses       [N, passes], `passes` in all: mean squared error over hidden patches */
int32_t cai_reconstruct(
    int64_t model, const cai_array *images, const char *options, float *predictions, int64_t floats, float *mask,
    float *noise, int64_t patches, float *losses, int64_t passes, char *error, int64_t capacity);

/* Errors of reconstructions, which cai_anomaly_scores scores. 0; 1 on failure.
 *   magnitudes    [N, bands], of a catalogue; NULL without one
 *   options       those of cai_reconstruct; passes (4) have to hide every patch
 *   measurements  [N, measurements], `floats` in all; the last of a galaxy is its loss. cai_describe has their number
 *   flags         [N]: 1, 2 or 16 as of cai_predict; measurements are NaN where they are not 0 */
int32_t cai_measure_errors(
    int64_t model, const cai_array *images, const cai_array *magnitudes, const char *options, float *measurements,
    int64_t floats, uint8_t *flags, int64_t galaxies, char *error, int64_t capacity);

/* Scores how unusually well or badly galaxies are reconstructed: the numbers of `cai anomalies`. 0; 1 on failure.
 *   measurements  of cai_measure_errors, of all galaxies: usual errors are estimated from them
 *   options       brightness: "image" (the default), or "catalogue" where magnitudes were given
 *   scores        [N, 3 + bands], `count` in all: score, ratio of errors to expected ones, signal to noise, score of each
 *                 band. NaN for a galaxy without a score, and for all of fewer than 20 */
int32_t cai_anomaly_scores(
    int64_t model, const float *measurements, int64_t floats, const char *options, double *scores, int64_t count,
    char *error, int64_t capacity);

/* Opens files of galaxies as `cai infer` reads them.
 *   paths    a JSON array of files, folders and patterns
 *   options  images, magnitudes, redshifts, object_id, bands, table, join, missing_rows, missing, channels_last,
 *            images_alone
 * A handle of galaxies; 0 on failure. */
int64_t cai_galaxies_open(const char *paths, const char *options, char *error, int64_t capacity);

/* Copies galaxies. 0; 1 on failure.
 *   images      [N, image_shape]: missing pixels are NaN
 *   magnitudes  [N, magnitudes]: missing ones are NaN; NULL where the handle has none
 *   redshifts   [N]: spectroscopic, NaN where unknown */
int32_t cai_galaxies_copy(
    int64_t galaxies, float *images, int64_t image_floats, float *magnitudes, int64_t magnitude_floats,
    double *redshifts, int64_t count, char *error, int64_t capacity);

/* The galaxies' ids, as a JSON array of strings; NULL on failure. */
char *cai_galaxies_ids(int64_t galaxies, char *error, int64_t capacity);

/* A calibration of a model's redshifts, as `cai calibrate` writes it; NULL on failure.
 *   redshifts      z_phot [N] of this model
 *   spectroscopic  z_spec [N]; NaN and missing values are left out
 *   magnitudes     [N, bands]; NULL for bins of z_phot
 *   options        levels ([0.68, 0.95]), bins (3), by ("z_phot", or the letter of a band, for bins of its magnitude), bands
 *                  (of the magnitudes), missing */
char *cai_calibration_fit(
    int64_t model, const float *redshifts, const cai_array *spectroscopic, const cai_array *magnitudes, int64_t galaxies,
    const char *options, char *error, int64_t capacity);

/* Checks a calibration, and returns it as `cai calibrate` writes it; NULL on failure. */
char *cai_calibration_read(const char *calibration, char *error, int64_t capacity);

/* Intervals of redshifts. 0; 1 on failure, also for a model of other weights or another arithmetic than the calibration's.
 *   model      whose redshifts they are; 0 to check nothing
 *   redshifts   z_phot [N]
 *   magnitudes  [N, bands]; NULL, or not read, for bins of z_phot
 *   options     bands (of the magnitudes), missing
 *   low, high   [N, levels], levels in ascending order; NaN where a redshift, or the magnitude of bins of a magnitude, is not
 *               finite or missing */
int32_t cai_calibration_intervals(
    const char *calibration, int64_t model, const float *redshifts, const cai_array *magnitudes, int64_t galaxies,
    const char *options, float *low, float *high, int64_t floats, char *error, int64_t capacity);

#ifdef __cplusplus
}
#endif

#endif
