"""AWS on one machine: moto in a process of its own, made as strict as AWS where this system relies on it.

moto is kinder than AWS in places that matter here: it hands out credentials for any token, lets any app client
write any attribute, and checks no password over SRP. A test that passes because of such kindness proves nothing, so the
modules beside this one put AWS's own refusals back, as subclasses of moto's backends (`extensions.install`).
"""
