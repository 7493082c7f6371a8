"""Find packages: Solr's query syntax, answered by SQLite.

``tokens`` turns text into what is indexed, ``index`` writes the index when a package is saved, ``syntax`` reads a
query, ``conditions`` turns it into SQL, ``dates`` reads the dates in it, ``package_search`` is the action.
"""
