"""What an expression can name: the fields of a resource that exist for an actor, and those of the rows it refers to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from core.access import Actor
from core.expressions.nodes import HOPS_MAX, FieldPath
from core.resource import Field, Resource
from core.resource_registry import registered_resource


@dataclass(frozen=True, slots=True)
class Scope:
    """The names of an expression.

    Attributes:
        resource: Whose rows.
        actor: Fields that are confidential to others, and those of resources the actor may not see, do not exist.
        fields: By name, in the resource's order.
    """

    resource: Resource
    actor: Actor
    fields: Mapping[str, Field]
    _of_reference: dict[str, "Scope | None"] = dataclass_field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, resource: Resource, actor: Actor) -> "Scope":
        """Return the scope of a resource as an actor sees it."""
        return cls(resource, actor, {field.name: field for field in resource.fields_for(actor)})

    def of_reference(self, name: str) -> "Scope | None":
        """Return the scope of the row that a reference leads to; None where it leads to nothing the actor may see."""
        if name not in self._of_reference:
            self._of_reference[name] = self._scope_of(name)
        return self._of_reference[name]

    def _scope_of(self, name: str) -> "Scope | None":
        field = self.fields.get(name)
        reference = field.kind.reference if field is not None else None
        other = registered_resource(reference.resource) if reference is not None else None
        if other is None or reference is None or reference.key.class_ is not other.model:
            return None
        return Scope.of(other, self.actor) if self.actor.can(other.view) else None

    def field(self, path: FieldPath) -> Field | None:
        """Return the field at the end of a path, None if there is none or it is too long."""
        scope: Scope | None = self
        for name in path.names[:-1]:
            scope = scope.of_reference(name) if scope is not None else None
        if scope is None or not path.names or len(path.names) > HOPS_MAX + 1:
            return None
        return scope.fields.get(path.names[-1])

    def steps(self, path: FieldPath) -> Iterator[tuple["Scope", Field]]:
        """Yield each field of a path with the scope that it stands in."""
        scope: Scope | None = self
        for name in path.names:
            if scope is None or name not in scope.fields:
                raise KeyError(str(path))
            yield scope, scope.fields[name]
            scope = scope.of_reference(name)
