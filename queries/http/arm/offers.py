"""What a subscription is offered: tenants, regions, sizes, images, usages, checks of names. Listings; nothing changes here."""

from __future__ import annotations

import re
from typing import Any

from starlette.routing import BaseRoute

from queries import KUSTO
from queries.http.arm.asking import Answer, Ask, route
from queries.http.arm.catalogue import EXTENSIONS, SIZES, Extension, VmImage, images, locations, skus, vm_sizes
from queries.http.arm_error import ArmError
from queries.http.service import Service

_LOCATION_FILTER = re.compile(r"\s*location\s+eq\s+'([^']+)'\s*", re.IGNORECASE)
_LIMIT = 10_000
"""Cores and machines that every subscription may have in a region."""


class Offers:
    """Listings below tenants, subscriptions, regions and publishers of images."""

    def __init__(self, service: Service) -> None:
        self._graph = service.graph

    def _known(self, ask: Ask) -> str:
        return str(self._graph.estate.control.get(f"/subscriptions/{ask.names['subscription']}")["subscriptionId"])

    def tenants(self, ask: Ask) -> Answer:
        tenant = self._graph.estate.tenant_id
        told = {"id": f"/tenants/{tenant}", "tenantId": tenant, "displayName": "Contoso", "countryCode": "US",
                "defaultDomain": "contoso.example", "domains": ["contoso.example"], "tenantCategory": "Home",
                "tenantType": "AAD"}  # fmt: skip
        return Answer({"value": [told]})

    def regions(self, ask: Ask) -> Answer:
        return Answer({"value": locations(self._known(ask))})

    def sizes(self, ask: Ask) -> Answer:
        self._known(ask)
        return Answer({"value": vm_sizes()})

    def compute_skus(self, ask: Ask) -> Answer:
        self._known(ask)
        match = _LOCATION_FILTER.fullmatch(ask.query.get("$filter", ""))
        return Answer({"value": list(skus(match.group(1).lower() if match else None))})

    def compute_usages(self, ask: Ask) -> Answer:
        text = (
            "declare query_parameters(p_location:string); Resources "
            "| where type == 'microsoft.compute/virtualmachines' and location == p_location "
            "| summarize n = count() by size = tostring(properties.hardwareProfile.vmSize)"
        )
        place = {"p_location": ask.names["location"].lower()}
        rows = self._graph.query(text, profile=KUSTO, subscriptions=[self._known(ask)], parameters=place).to_pylist()
        cores = {size.name.lower(): size.cores for size in SIZES}
        used = sum(row["n"] * cores.get(str(row["size"]).lower(), 2) for row in rows)
        machines = sum(row["n"] for row in rows)
        return Answer(
            {"value": [_usage("cores", "Total Regional vCPUs", used),
                       _usage("virtualMachines", "Virtual Machines", machines)]}
        )  # fmt: skip

    def network_usages(self, ask: Ask) -> Answer:
        self._known(ask)
        return Answer({"value": [_usage("VirtualNetworks", "Virtual Networks", 0)]})

    def dns_name(self, ask: Ask) -> Answer:
        self._known(ask)
        return Answer({"available": True})

    def resource_name(self, ask: Ask) -> Answer:
        asked = ask.document()
        return Answer({"name": asked.get("name"), "type": asked.get("type"), "status": "Allowed"})

    def publishers(self, ask: Ask) -> Answer:
        return _names(ask, {image.publisher for image in images()} | {each.publisher for each in EXTENSIONS})

    def image_offers(self, ask: Ask) -> Answer:
        return _names(ask, {image.offer for image in _some(ask)})

    def image_skus(self, ask: Ask) -> Answer:
        return _names(ask, {image.sku for image in _some(ask)})

    def versions(self, ask: Ask) -> Answer:
        return _names(ask, {image.version for image in _some(ask)})

    def one_version(self, ask: Ask) -> Answer:
        named = dict(ask.names)
        if named["version"].lower() == "latest":
            named["version"] = ""
        found = images(named["publisher"], named["offer"], named["sku"], named["version"])
        if not found:
            raise ArmError(404, "NotFound", f"Artifact: VMImage was not found: {ask.path.rsplit('/', 1)[-1]}.")
        image = found[0]
        return Answer({**_artifact(ask, image.version), "properties": _image(image)})

    def extension_types(self, ask: Ask) -> Answer:
        return _names(ask, {each.type for each in _extensions(ask)})

    def extension_versions(self, ask: Ask) -> Answer:
        return _names(ask, {each.version for each in _extensions(ask)})

    def one_extension(self, ask: Ask) -> Answer:
        found = [each for each in _extensions(ask) if each.version == ask.names["version"]]
        if not found:
            raise ArmError(404, "NotFound", f"Artifact: VMExtension version {ask.names['version']} was not found.")
        told = {"operatingSystem": found[0].system, "computeRole": "IaaS", "vmScaleSetEnabled": True,
                "supportsMultipleExtensions": False, "handlerSchema": ""}  # fmt: skip
        return Answer({**_artifact(ask, found[0].version), "properties": told})

    def tags(self, ask: Ask) -> Answer:
        """The names of tags in use, with their values and how often each stands at a resource."""
        text = (
            "union Resources, ResourceContainers | mv-expand kind=array tag = tags "
            "| summarize n = count() by name = tostring(tag[0]), value = tostring(tag[1]) | where isnotempty(name)"
        )
        subscription = self._known(ask)
        rows = self._graph.query(text, profile=KUSTO, subscriptions=[subscription], truth=True).to_pylist()
        found: dict[str, list[dict[str, Any]]] = {}
        for row in sorted(rows, key=lambda row: (row["name"], row["value"])):
            at = f"/subscriptions/{subscription}/tagNames/{row['name']}/tagValues/{row['value']}"
            count = {"type": "Total", "value": row["n"]}
            found.setdefault(row["name"], []).append({"id": at, "tagValue": row["value"], "count": count})
        return Answer({"value": [_tag(subscription, name, values) for name, values in found.items()]})


def routes(service: Service) -> list[BaseRoute]:
    """Where each of them is asked for."""
    offers = Offers(service)
    compute = "/subscriptions/{subscription}/providers/Microsoft.Compute"
    network = "/subscriptions/{subscription}/providers/Microsoft.Network"
    art = f"{compute}/locations/{{location}}/publishers"
    listed = [
        ("/tenants", offers.tenants),
        ("/subscriptions/{subscription}/locations", offers.regions),
        (f"{compute}/skus", offers.compute_skus),
        (f"{compute}/locations/{{location}}/vmSizes", offers.sizes),
        (f"{compute}/locations/{{location}}/usages", offers.compute_usages),
        (f"{network}/locations/{{location}}/usages", offers.network_usages),
        (f"{network}/locations/{{location}}/CheckDnsNameAvailability", offers.dns_name),
        ("/subscriptions/{subscription}/tagNames", offers.tags),
        (f"{art}/{{publisher}}/artifacttypes/vmextension/types", offers.extension_types),
        (f"{art}/{{publisher}}/artifacttypes/vmextension/types/{{type}}/versions", offers.extension_versions),
        (f"{art}/{{publisher}}/artifacttypes/vmextension/types/{{type}}/versions/{{version}}", offers.one_extension),
        (art, offers.publishers),
        (f"{art}/{{publisher}}/artifacttypes/vmimage/offers", offers.image_offers),
        (f"{art}/{{publisher}}/artifacttypes/vmimage/offers/{{offer}}/skus", offers.image_skus),
        (f"{art}/{{publisher}}/artifacttypes/vmimage/offers/{{offer}}/skus/{{sku}}/versions", offers.versions),
        (f"{art}/{{publisher}}/artifacttypes/vmimage/offers/{{offer}}/skus/{{sku}}/versions/{{version}}", offers.one_version),
    ]
    made: list[BaseRoute] = [route(service, path, handler, in_index=False) for path, handler in listed]
    made.append(route(service, "/providers/Microsoft.Resources/checkresourcename", offers.resource_name, ("POST",)))
    return made


def _usage(name: str, title: str, used: int) -> dict[str, Any]:
    return {"unit": "Count", "currentValue": used, "limit": _LIMIT, "name": {"value": name, "localizedValue": title}}


def _some(ask: Ask) -> list[VmImage]:
    found = images(ask.names["publisher"], ask.names.get("offer", ""), ask.names.get("sku", ""))
    if not found:
        raise ArmError(404, "NotFound", "Artifact: VMImage was not found: there is no such publisher, offer or sku.")
    return found


def _extensions(ask: Ask) -> list[Extension]:
    named = ask.names["publisher"].lower(), ask.names.get("type", "").lower()
    found = [each for each in EXTENSIONS if each.publisher.lower() == named[0] and named[1] in ("", each.type.lower())]
    if not found:
        raise ArmError(404, "NotFound", "Artifact: VMExtension was not found: there is no such publisher or type.")
    return found


def _tag(subscription: str, name: str, values: list[dict[str, Any]]) -> dict[str, Any]:
    total = sum(each["count"]["value"] for each in values)
    count = {"type": "Total", "value": total}
    return {"id": f"/subscriptions/{subscription}/tagNames/{name}", "tagName": name, "count": count, "values": values}


def _names(ask: Ask, names: set[str]) -> Answer:
    ordered = sorted(names, reverse="desc" in ask.query.get("$orderby", "").lower())
    return Answer([_artifact(ask, name) for name in ordered[: ask.whole("$top", 1000, 1, 1000)]])


def _artifact(ask: Ask, name: str) -> dict[str, Any]:
    return {"id": f"{ask.path.rstrip('/')}/{name}", "name": name, "location": ask.names["location"]}


def _image(image: VmImage) -> dict[str, Any]:
    return {
        "osDiskImage": {"operatingSystem": image.system},
        "dataDiskImages": [],
        "hyperVGeneration": image.generation,
        "architecture": "x64",
        "automaticOSUpgradeProperties": {"automaticOSUpgradeSupported": True},
        "features": [],
    }
