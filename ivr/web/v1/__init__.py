"""`/api/v1`: what programs of other houses read and write, with keys of their own. `operations` says what an operation
is, one module a noun declares them, `document` tells of them in OpenAPI, `door` lets requests in."""
