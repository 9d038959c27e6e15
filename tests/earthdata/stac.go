package main

import "net/http"

func (w *world) granulesAsStac(found []granule, hits int) []byte { return nil }

func (w *world) stac(out *answer, in *http.Request) { out.cmrErrors(http.StatusNotFound, "") }
