<?php
// PHP's pdo_dblib and pdo_sqlite.
function env(string $name): string { return getenv("BENCH_$name"); }

$throw = [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION];
$source = new PDO(
    'dblib:version=7.4;charset=UTF-8;host=' . env('HOST') . ':' . env('PORT')
    . ';dbname=' . env('DATABASE'), env('USER'), env('PASSWORD'), $throw);
$rows = $source->query(env('QUERY'));

$target = new PDO('sqlite:' . env('TARGET'), null, null, $throw);
$target->beginTransaction();
$target->exec('DELETE FROM orders');
$marks = implode(',', array_fill(0, $rows->columnCount(), '?'));
$insert = $target->prepare("INSERT INTO orders VALUES($marks)");
while ($row = $rows->fetch(PDO::FETCH_NUM)) {
    $insert->execute($row);
}
$target->commit();
