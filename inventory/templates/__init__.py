"""Deployment templates of Azure Resource Manager: the language, and the carrying out. Knows no HTTP and no tables.

The way of a template: `text` → `template` (sections) → `expansion` (loops, children, ids) → `ordering` (who waits for
whom) → `deployment` (carried out against a `Door`); `evaluation` with `expressions` and `functions` serves them all.
"""

from inventory.templates.deployment import Deployment, Door, prepare
from inventory.templates.errors import TemplateError
from inventory.templates.evaluation import Scope

__all__ = ["Deployment", "Door", "Scope", "TemplateError", "prepare"]
