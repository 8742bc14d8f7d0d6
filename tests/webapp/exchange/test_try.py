import json
from uuid import uuid4
import pytest
from collectors import register_files

def ask(client, kind="cases", form="csv", **more):
    return client.post("/api/v1/exchange/exports", json={"id": str(uuid4()), "kind": kind, "form": form, "reason": "月度核对", **more})

def test_x(as_user, send_report):
    for g in ("A1","A2","B1"):
        send_report("t.volunteer", g, note="=1+1;-2")
    c = as_user("t.station_chief")
    for kind in ("cases","members","teams","places","postings","grids","police_grids","presence"):
        for form in ("csv","xlsx","geojson","geopackage"):
            a = ask(c, kind, form)
            print(kind, form, a.status_code, a.json.get("rows"), a.json.get("code"), a.json.get("errors"))
            if a.status_code == 201:
                f = c.get(a.json["url"]); assert f.status_code == 200, f.text
                if kind in ("cases","members") and form=="csv":
                    print(f.text[:1500])
                if kind == "cases":
                    r = register_files.decode(f.data, "cases"); assert len(r.rows)==3
                    im = c.post("/api/v1/exchange/imports", data={"id": str(uuid4()), "kind":"cases","source":"x","file":(__import__("io").BytesIO(f.data),"a.csv")})
                    print(im.status_code, im.text[:800])
                    t = c.post(f"/api/v1/exchange/imports/{im.json['id']}/take", json={}); print(t.text[-300:])
    assert 0
