module frazil.test/earthdata

go 1.26
