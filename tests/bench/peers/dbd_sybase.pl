# DBD::Sybase and DBD::SQLite. It asks for 2 GB of memory for each (max) column,
# hence the CAST, which cuts what is longer. Texts stay bytes of UTF-8 all the way.
use strict;
use warnings;
use DBI;

my %env = %ENV;
my $source = DBI->connect(
    "dbi:Sybase:host=$env{BENCH_HOST};port=$env{BENCH_PORT};"
      . "database=$env{BENCH_DATABASE};charset=utf8",
    $env{BENCH_USER}, $env{BENCH_PASSWORD},
    { RaiseError => 1, PrintError => 0 });
$source->syb_date_fmt('ISO');
my $query = $env{BENCH_QUERY};
$query =~ s/\[(\w*[tT]ext|customerNote)\]/CAST($& AS nvarchar(2000)) $&/g;
my $rows = $source->prepare($query);
$rows->execute;

my $target = DBI->connect("dbi:SQLite:dbname=$env{BENCH_TARGET}", '', '',
    { RaiseError => 1, AutoCommit => 0 });
$target->do('DELETE FROM orders');
my $insert = $target->prepare('INSERT INTO orders VALUES('
      . join(',', ('?') x $rows->{NUM_OF_FIELDS}) . ')');
while (my $row = $rows->fetchrow_arrayref) {
    $insert->execute(@$row);
}
$target->commit;
$insert->finish;
$target->disconnect;
$source->disconnect;
