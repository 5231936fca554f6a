-- A range is written with two dots, FIRST..LAST, everywhere; canonical numbers hold no hyphen of their own.
update wide set text = replace(text, '-', '..') where text like '%-%';
update past_wide set text = replace(text, '-', '..') where text like '%-%';
update subscriber_entry set text = replace(text, '-', '..') where text like '%-%';
update code set text = replace(text, '-', '..') where text like '%-%';
update complete set text = replace(text, '-', '..') where text like '%-%';
update wide set holes = replace(holes, '-', '..') where holes like '%-%';
update past_wide set holes = replace(holes, '-', '..') where holes like '%-%';
