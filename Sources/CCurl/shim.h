// libcurl is opened when the first exchange needs it, not linked: its forty dependencies take 9 ms of every start. Only
// declarations of the header are used. Swift cannot call the variadic curl_easy_setopt and curl_easy_getinfo: here is one
// function for each type, which takes the address of libcurl's function.
#include <curl/curl.h>

typedef size_t (*cai_curl_transfer)(char *bytes, size_t size, size_t count, void *context);
typedef CURLcode (*cai_curl_tls)(CURL *handle, void *context, void *data);
typedef CURLcode (*cai_curl_setopt)(CURL *handle, CURLoption option, ...);
typedef CURLcode (*cai_curl_getinfo)(CURL *handle, CURLINFO info, ...);

static inline CURLcode cai_curl_set_long(void *setopt, CURL *handle, CURLoption option, long value) {
    return ((cai_curl_setopt)setopt)(handle, option, value);
}

static inline CURLcode cai_curl_set_size(void *setopt, CURL *handle, CURLoption option, curl_off_t value) {
    return ((cai_curl_setopt)setopt)(handle, option, value);
}

static inline CURLcode cai_curl_set_text(void *setopt, CURL *handle, CURLoption option, const char *value) {
    return ((cai_curl_setopt)setopt)(handle, option, value);
}

static inline CURLcode cai_curl_set_pointer(void *setopt, CURL *handle, CURLoption option, const void *value) {
    return ((cai_curl_setopt)setopt)(handle, option, value);
}

static inline CURLcode cai_curl_set_list(void *setopt, CURL *handle, CURLoption option, struct curl_slist *value) {
    return ((cai_curl_setopt)setopt)(handle, option, value);
}

static inline CURLcode cai_curl_set_transfer(void *setopt, CURL *handle, CURLoption option, cai_curl_transfer value) {
    return ((cai_curl_setopt)setopt)(handle, option, value);
}

static inline CURLcode cai_curl_set_tls(void *setopt, CURL *handle, CURLoption option, cai_curl_tls value) {
    return ((cai_curl_setopt)setopt)(handle, option, value);
}

static inline CURLcode cai_curl_get_long(void *getinfo, CURL *handle, CURLINFO info, long *value) {
    return ((cai_curl_getinfo)getinfo)(handle, info, value);
}
