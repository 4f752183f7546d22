# ordersync: make help
PREFIX   ?= /usr/local
DESTDIR  ?=
CC       ?= cc
CFLAGS   ?= -O2 -g
PYTHON   ?= /usr/bin/python3

B        := build
WARN     := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes \
            -Wmissing-prototypes -Wformat=2 -Wcast-qual -Wvla
OURS     := -std=c11 -D_GNU_SOURCE -fvisibility=hidden -Iinclude -Iext -I$(B) \
            $(if $(FREETDS),-I$(FREETDS)/include) \
            $(WARN) -MMD -MP
# FreeTDS is linked privately: README, "FreeTDS inside". -u: only FreeTDS, which
# comes after our archive, calls text.c, kerberos.c and tls.c. --wrap: see box.c.
FREETDS_A := $(if $(FREETDS),$(FREETDS)/lib/libsybdb.a,$(shell $(CC) \
             -print-file-name=libsybdb.a 2>/dev/null))
LIBS     := -Wl,-u,text_iconv,-u,kerberos_import_name,-u,tls_handshake \
            -Wl,--wrap=tds_read_packet,--wrap=tds_get_byte \
            $(B)/freetds.a -linih -lhogweed -lnettle -lgmp -lgnutls \
            -lpthread -lm
SAN      := -O1 -g -fno-omit-frame-pointer -DSQLITE_CORE \
            -fsanitize=address,undefined,float-cast-overflow \
            -fno-sanitize-recover=undefined,float-cast-overflow
SQL      := $(wildcard sql/*.sql)
EXT      := $(sort $(wildcard ext/*.c ext/*/*.c))
UNIT     := $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/test_*.c))
SO       := ordersync.so
SERVER   := $(B)/tds-server
MAN      := $(B)/ordersync.7
# The one place of the version.
VERSION  := $(shell sed -n 's/^.define ORDERSYNC_VERSION "\(.*\)"/\1/p' \
             include/ordersync.h)
Q        := $(if $(V),,@)

.PHONY: all static help libs setup needs demo check check-unit check-sql \
        check-fault check-judges check-hosts check-diff check-long check-live \
        check-packages check-roots bench bench-long bench-readme fuzz lint format picture \
        install uninstall dist deb npm wheel clean
.DELETE_ON_ERROR:
.SECONDARY:

all: $(SO) ## build ordersync.so

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | \
	  awk -F'|' '{printf "  %-14s %s\n", $$1, $$2}'

# ---- the extension -----------------------------------------------------------
# -z nodelete: a thread that still looks up a name runs our code, and GnuTLS does
# not survive being unloaded.
$(SO): $(EXT:ext/%.c=$(B)/ext/%.o) $(B)/freetds.a ext/ordersync.map
	@echo "  LD  $@"
	$(Q)$(CC) -shared $(CFLAGS) $(LDFLAGS) -Wl,-z,nodelete -Wl,-z,defs \
	  -Wl,-soname,$(SO) \
	  -Wl,-z,relro,-z,now -Wl,--version-script=ext/ordersync.map \
	  -o $@ $(filter %.o,$^) $(LIBS)

# A sentence about what is missing here, instead of a compiler's error.
$(B)/needs: tests/needs.sh
	$(Q)tests/needs.sh "$(FREETDS_A)" "$(CC)" $(CPPFLAGS) \
	  $(if $(FREETDS),-I$(FREETDS)/include)
	@mkdir -p $(@D); touch $@

$(B)/ext/%.o: ext/%.c $(B)/sql_embedded.h | $(B)/needs
	@mkdir -p $(@D); echo "  CC  $<"
	$(Q)$(CC) $(OURS) -fPIC $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# FreeTDS, with what it asks of the system renamed into what it gets.
$(B)/freetds.a: ext/mssql/box.syms $(wildcard $(FREETDS_A)) | $(B)/needs
	@mkdir -p $(@D); echo "  BOX $(FREETDS_A)"
	$(Q)objcopy --redefine-syms=ext/mssql/box.syms "$(FREETDS_A)" $@

# The same for a program that links it, and calls its own SQLite directly.
static: $(B)/libordersync.a $(B)/freetds.a ## an archive to be linked: include/ordersync.h

$(B)/libordersync.a: $(EXT:ext/%.c=$(B)/core/%.o)
	$(Q)rm -f $@; ar qcs $@ $^

$(B)/core/%.o: ext/%.c $(B)/sql_embedded.h | $(B)/needs
	@mkdir -p $(@D); echo "  CC  $<"
	$(Q)$(CC) $(OURS) -DSQLITE_CORE -fPIC $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# As byte arrays: C limits the length of string literals.
$(B)/sql_embedded.h: sql/schema.sql sql/open_orders.sql sql/report.html
	@mkdir -p $(@D); echo "  GEN $@"
	$(Q)for f in $^; do n=$$(basename $${f%.*}); \
	  echo "static const char sql_$$n[] = {"; \
	  od -An -v -tx1 $$f | sed 's/ \(..\)/0x\1,/g'; echo "0};"; done > $@

# ---- tests ---------------------------------------------------------------------
$(SERVER): $(patsubst tests/server/%.c,$(B)/server/%.o,$(wildcard tests/server/*.c))
	@echo "  LD  $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lsqlite3 -lssl -lcrypto -lgssapi_krb5 -lpthread -lm

$(B)/server/%.o: tests/server/%.c | $(B)/needs
	@mkdir -p $(@D); echo "  CC  $<"
	$(Q)$(CC) $(OURS) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The same sources, linked statically and under sanitizers.
$(B)/san/%.o: ext/%.c $(B)/sql_embedded.h | $(B)/needs
	@mkdir -p $(@D); echo "  SAN $<"
	$(Q)$(CC) $(OURS) $(SAN) -c -o $@ $<

$(B)/san.a: $(EXT:ext/%.c=$(B)/san/%.o)
	$(Q)rm -f $@; ar qcs $@ $^
$(B)/san.a: | $(B)/freetds.a

# What a program links behind libordersync.a, or san.a.
libs:
	@echo -lsqlite3 $(LIBS)

$(B)/unit/%: tests/unit/%.c $(B)/san.a
	@mkdir -p $(@D); echo "  SAN $<"
	$(Q)$(CC) $(OURS) $(SAN) -o $@ $< $(filter %.o,$^) $(B)/san.a -lcmocka \
	  -lsqlite3 $(LIBS)

# What the tests of a part share. Its name keeps it from being a test.
$(filter $(B)/unit/test_mssql_%,$(UNIT)): $(B)/unit/mssql_fixture.o
$(filter $(B)/unit/test_profile%,$(UNIT)): $(B)/unit/profile_fixture.o
$(filter $(B)/unit/test_where%,$(UNIT)): $(B)/unit/where_fixture.o
$(B)/unit/%.o: tests/unit/%.c
	@mkdir -p $(@D); echo "  SAN $<"
	$(Q)$(CC) $(OURS) $(SAN) -c -o $@ $<

setup: ## install the packages that the tests need (root or sudo)
	$(Q)tests/setup.sh check

check: ## everything a newcomer runs, under five minutes
	$(Q)tests/setup.sh check
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all $(SERVER) $(UNIT)
	$(Q)tests/check.sh short

check-long: ## valgrind, kills, fuzzers, the big differential run
	$(Q)tests/setup.sh check judges hosts kerberos fuzz report packages roots
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all $(SERVER) $(UNIT)
	$(Q)tests/check.sh long

check-unit: all $(UNIT) $(SERVER) ## unit tests under ASan and UBSan
	$(Q)tests/check.sh unit
check-sql: all $(SERVER) ## .sql regression tests through the sqlite3 shell
	$(Q)tests/check.sh sql
check-fault: all $(SERVER) $(UNIT) ## out of memory, cut streams, locks, kills
	$(Q)tests/check.sh fault
check-judges: all $(SERVER) ## the bundled server, judged by clients not ours
	$(Q)tests/setup.sh check judges
	$(Q)tests/check.sh judges
check-hosts: all $(SERVER) ## host programs that load the extension
	$(Q)tests/setup.sh check hosts
	$(Q)tests/check.sh hosts
check-diff: all $(SERVER) ## the live view against a full copy
	$(Q)tests/check.sh diff
check-packages: all $(SERVER) ## man page, archive, deb, npm, wheel, container
	$(Q)tests/setup.sh check packages
	$(Q)tests/check.sh packages
check-roots: ## all of check on bare roots of Debian 12 and 13 (root)
	$(Q)tests/setup.sh roots
	$(Q)mkdir -p $(B)
	$(Q)tests/check.sh roots
check-live: all ## the .sql tests on the server of a profile: PROFILE=name
	$(Q)tests/setup.sh check
	$(Q)tests/check.sh live

demo: ## see it work: bundled server, refresh, run log, live view
	$(Q)tests/setup.sh demo
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all $(SERVER)
	$(Q)tests/demo.sh

bench: ## speed: the bars, and the contest of the README
	$(Q)tests/setup.sh check judges bench
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all $(SERVER)
	$(Q)tests/bench/run.sh $(B)
	$(Q)$(PYTHON) tests/bench/contest.py $(B)
	$(Q)REPORT_SECONDS=1 tests/report/run.sh $(B) short
	$(Q)$(PYTHON) tests/bench/diff_cost.py $(B)

bench-readme: ## the benchmark's table and chart, made again
	$(Q)tests/setup.sh check judges bench
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all $(SERVER)
	$(Q)$(PYTHON) tests/bench/contest.py $(B)
	$(Q)$(PYTHON) tests/bench/chart.py $(B)

bench-long: ## 5,000 to 1,000,000 rows: CPU a row, memory, files
	$(Q)tests/setup.sh check
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all $(SERVER)
	$(Q)$(PYTHON) tests/bench/long.py $(B)

picture: all ## draw the README's picture of the report again
	$(Q)$(PYTHON) tests/report/picture.py $(B) >$(B)/report.svg
	$(Q)cp $(B)/report.svg tests/report/pictures/report.svg

fuzz: ## 60 s a fuzzer
	$(Q)tests/setup.sh check fuzz
	$(Q)tests/fuzz/run.sh $(B) 60

lint: ## every compiler and linter, no warning
	$(Q)tests/setup.sh check lint
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all
	$(Q)tests/lint.sh

format: ## clang-format in place
	$(Q)clang-format -i $$(find ext include tests -name '*.[ch]')

# ---- install -------------------------------------------------------------------
# The loader finds a library without a path only through ldconfig's cache, and
# that lists files named lib*: hence the name, with ordersync.so as its soname.
install: all $(MAN) ## into DESTDIR and PREFIX, found by .load ordersync
	install -d $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include \
	  $(DESTDIR)$(PREFIX)/share/ordersync/schedule \
	  $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 755 $(SO) $(DESTDIR)$(PREFIX)/lib/lib$(SO)
	ln -sf lib$(SO) $(DESTDIR)$(PREFIX)/lib/$(SO)
	install -m 644 include/ordersync.h $(DESTDIR)$(PREFIX)/include/
	install -m 644 $(SQL) $(DESTDIR)$(PREFIX)/share/ordersync/
	for f in sql/schedule/*; do install -m $$([ -x $$f ] && echo 755 || echo 644) \
	  $$f $(DESTDIR)$(PREFIX)/share/ordersync/schedule/ || exit; done
	sed -i 's#^\.load \./#.load #' \
	  $(addprefix $(DESTDIR)$(PREFIX)/share/ordersync/,refresh.sql report.sql)
	sed 's#@DATADIR@#$(PREFIX)/share/ordersync#' $(MAN) \
	  >$(DESTDIR)$(PREFIX)/share/man/man7/ordersync.7
	$(if $(DESTDIR),,-ldconfig)

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/lib/lib$(SO) $(DESTDIR)$(PREFIX)/lib/$(SO) \
	  $(DESTDIR)$(PREFIX)/include/ordersync.h \
	  $(DESTDIR)$(PREFIX)/share/man/man7/ordersync.7
	rm -rf $(DESTDIR)$(PREFIX)/share/ordersync
	$(if $(DESTDIR),,-ldconfig)

# ---- packages: into dist/ -----------------------------------------------------------
$(MAN): tests/package/man.awk README.md tests/package/ordersync.7.in include/ordersync.h
	@mkdir -p $(@D); echo "  GEN $@"
	$(Q)LC_ALL=C awk -v version=$(VERSION) -v date=$$(date -u +%F \
	  $${SOURCE_DATE_EPOCH:+-d @$$SOURCE_DATE_EPOCH}) -f $(filter-out %.h,$^) >$@

dist: ## a source archive of HEAD
	$(Q)tests/package/dist.sh $(VERSION)
deb: ## a Debian package of HEAD, source and binary
	$(Q)tests/setup.sh demo deb
	$(Q)tests/package/deb.sh $(VERSION)
npm: ## a Node package with the library in it
	$(Q)tests/setup.sh build npm
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/package/npm.sh $(VERSION)
wheel: ## a Python wheel with the library in it
	$(Q)tests/setup.sh build wheel
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tests/package/wheel.sh $(VERSION)

clean: ## remove what was built
	rm -rf $(B) $(SO) dist

# Not of what tests unpack further below, such as whole file systems.
-include $(wildcard $(B)/*/*.d $(B)/*/*/*.d)
