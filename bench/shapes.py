"""The five questions, each as KQL and as the SQL that a good engineer would write by hand for it.

`typed` reads the tables of the estate, `json` one table `resources` whose `properties` is JSON text. Knows no engine.
"""

from __future__ import annotations

from dataclasses import dataclass

from queries.library import saved_query

DOCUMENT = saved_query("scale-set-power-states").text


@dataclass(frozen=True, slots=True)
class Shape:
    """A question. `order` lists the columns by which its answer is sorted, `dynamic` those that are dynamic in KQL,
    whose values some engines show as JSON text. `limited`: which of the rows that tie at the end appear is open."""

    name: str
    kql: str
    typed: str
    json: str
    order: tuple[int, ...] = ()
    dynamic: tuple[int, ...] = ()
    limited: bool = False

    @property
    def named(self) -> str:
        """The question for an engine that does not know that a query without a table reads Resources."""
        return f"Resources\n{self.kql}" if self.name == "document" else self.kql


SHAPES = (
    Shape(
        "document",
        DOCUMENT,
        """
        SELECT name, resourceGroup, location, power_state.code AS powerState
        FROM world.virtual_machines
        WHERE contains(lower(properties.virtualMachineScaleSet.id), 'demo')
        ORDER BY resourceGroup DESC, name DESC
        """,
        """
        SELECT name, resourceGroup, location, properties->>'$.extended.instanceView.powerState.code' AS powerState
        FROM resources
        WHERE type = 'microsoft.compute/virtualmachines'
          AND contains(lower(properties->>'$.virtualMachineScaleSet'), 'demo')
        ORDER BY resourceGroup DESC, name DESC
        """,
        order=(1, 0),
        dynamic=(3,),
    ),
    Shape(
        "count",
        """
        Resources
        | where type =~ 'microsoft.compute/virtualmachines'
        | summarize machines = count() by state = tostring(properties.extended.instanceView.powerState.code), location
        """,
        """
        SELECT power_state.code AS state, location, count(*) AS machines
        FROM world.virtual_machines
        GROUP BY ALL
        """,
        """
        SELECT properties->>'$.extended.instanceView.powerState.code' AS state, location, count(*) AS machines
        FROM resources
        WHERE type = 'microsoft.compute/virtualmachines'
        GROUP BY ALL
        """,
    ),
    Shape(
        "top",
        """
        Resources
        | where type =~ 'microsoft.compute/virtualmachines'
        | extend state = tostring(properties.extended.instanceView.powerState.code)
        | where state == 'PowerState/running'
        | project name, resourceGroup, location, size = tostring(properties.hardwareProfile.vmSize)
        | top 10 by name asc
        """,
        """
        SELECT name, resourceGroup, location, properties.hardwareProfile.vmSize AS size
        FROM world.virtual_machines
        WHERE power_state.code = 'PowerState/running'
        ORDER BY name LIMIT 10
        """,
        """
        SELECT name, resourceGroup, location, properties->>'$.hardwareProfile.vmSize' AS size
        FROM resources
        WHERE type = 'microsoft.compute/virtualmachines'
          AND properties->>'$.extended.instanceView.powerState.code' = 'PowerState/running'
        ORDER BY name LIMIT 10
        """,
        order=(0,),
        limited=True,
    ),
    Shape(
        "join",
        """
        Resources
        | where type =~ 'microsoft.compute/virtualmachines'
        | project vmId = tolower(id), vm = name, location
        | join kind=inner (
            Resources
            | where type =~ 'microsoft.network/networkinterfaces'
            | project vmId = tolower(tostring(properties.virtualMachine.id)), nic = name
          ) on vmId
        | project vm, location, nic
        """,
        """
        SELECT v.name AS vm, v.location, n.name AS nic
        FROM world.virtual_machines v
        JOIN world.network_interfaces n ON lower(v.id) = lower(n.properties.virtualMachine.id)
        """,
        """
        SELECT v.name AS vm, v.location, n.name AS nic
        FROM resources v
        JOIN resources n ON lower(v.id) = lower(n.properties->>'$.virtualMachine.id')
        WHERE v.type = 'microsoft.compute/virtualmachines' AND n.type = 'microsoft.network/networkinterfaces'
        """,
    ),
    Shape(
        "expand",
        """
        Resources
        | where type =~ 'microsoft.compute/virtualmachines'
        | mv-expand disk = properties.storageProfile.dataDisks
        | project name, lun = toint(disk.lun), disk = tostring(disk.name), size = tolong(disk.diskSizeGB)
        """,
        """
        SELECT name, disk.lun::INTEGER AS lun, disk.name AS disk, disk.diskSizeGB AS size
        FROM (SELECT name, unnest(properties.storageProfile.dataDisks) AS disk FROM world.virtual_machines)
        """,
        """
        SELECT name, (disk->>'$.lun')::INTEGER AS lun, disk->>'$.name' AS disk, (disk->>'$.diskSizeGB')::BIGINT AS size
        FROM (SELECT name, unnest(json_extract(properties, '$.storageProfile.dataDisks[*]')) AS disk FROM resources
              WHERE type = 'microsoft.compute/virtualmachines')
        """,
    ),
)

ADXLITE = """
Resources
| where tolower(type) == 'microsoft.compute/virtualmachines' and tolower(scaleSet) contains 'demo'
| project name, resourceGroup, location, powerState
| order by resourceGroup desc, name desc
"""
"""The document's question for adxlite, which knows no paths, compares with case and allows one `where`: over a table of
flat columns made beforehand."""
