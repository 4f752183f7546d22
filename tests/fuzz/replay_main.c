/*
** A fuzzer's main() without a fuzzer: runs the files that are named, and every
** file of the folders that are named, through LLVMFuzzerTestOneInput().
*/
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int n_files;

static int run_file(const char *path) {
  FILE *f = fopen(path, "rb");
  uint8_t *bytes = NULL;
  size_t n = 0, got = 1;
  if (!f) return 0;
  while (got > 0) {
    uint8_t *grown = realloc(bytes, n + 4096);
    if (!grown) abort();
    bytes = grown;
    got = fread(bytes + n, 1, 4096, f);
    n += got;
  }
  (void)fclose(f);
  /* A copy that ends where it ends, for the sanitizer. */
  bytes = realloc(bytes, n ? n : 1);
  (void)fprintf(stderr, "%s\n", path);
  (void)LLVMFuzzerTestOneInput(bytes, n);
  free(bytes);
  n_files++;
  return 1;
}

static int run_folder(const char *path) {
  struct dirent **names = NULL;
  char file[1024];
  int n = scandir(path, &names, NULL, alphasort);
  for (int i = 0; i < n; i++) {
    if (names[i]->d_name[0] != '.') {
      (void)snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
      (void)run_file(file);
    }
    free(names[i]);
  }
  free(names);
  return n >= 0;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (!run_folder(argv[i]) && !run_file(argv[i])) {
      (void)fprintf(stderr, "cannot read %s\n", argv[i]);
      return 2;
    }
  }
  (void)printf("%d files\n", n_files);
  return 0;
}
