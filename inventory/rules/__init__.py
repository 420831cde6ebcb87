"""Azure's rules as data: what each profile allows, where, how many, and what is said when it is not allowed.

Plain tables that the control plane consults. Knows no resource that exists, no table, no clock.
"""
