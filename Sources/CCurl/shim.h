// curl_easy_setopt and curl_easy_getinfo take variable arguments, which Swift does not call: one function for each type.
#include <curl/curl.h>

typedef size_t (*cai_curl_transfer)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode cai_curl_global_init(void) {
    return curl_global_init(CURL_GLOBAL_DEFAULT);
}

static inline CURLcode cai_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode cai_curl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode cai_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode cai_curl_set_pointer(CURL *handle, CURLoption option, const void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode cai_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode cai_curl_set_transfer(CURL *handle, CURLoption option, cai_curl_transfer value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode cai_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}
