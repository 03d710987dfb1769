"""统一身份登录：这里没有设置，所以对谁都不存在；设置之后的流程在 test_oidc.py。"""

from service.role_matrix import PUBLIC, Entry

ENTRIES = [
    Entry("GET", "/v1/oidc/login", PUBLIC, ok={404}),
    Entry("GET", "/v1/oidc/callback", PUBLIC, ok={404}),
]
