-- A range is written with two dots, FIRST..LAST, everywhere.
update hit_count set entry = replace(entry, '-', '..') where entry like '%-%';
